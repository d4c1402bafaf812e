# point.sh CALL ERRNO NTH: cat with this fault, in a fresh folder, beside what it does without one, in $golden
folder=$(mktemp -d)
mkdir "$folder/tmp"
cp -r files/. "$folder/tmp"
cd "$folder/tmp"
strace -f -qq -o ../log -e "inject=$1:error=$2:when=$3" cat in >> ../stdout 2> ../stderr
echo $? > ../status
grep -q INJECTED ../log || echo "$1#$3:$2 not fired"
if ! { cmp -s ../stdout "$golden/stdout" && cmp -s ../status "$golden/status" && diff -r . "$golden/tmp" > ../diff; }; then
  echo "$1#$3:$2 differs"
fi
rm -r "$folder"
