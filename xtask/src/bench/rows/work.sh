# Makes the folder $1 with what programs are to work on.
set -e
mkdir "$1"
cd "$1"
mkdir files modules program
n=0; while [ $n -lt 20000 ]; do n=$((n + 1)); echo "$n" > files/$n; done
awk 'BEGIN { print "create table t(a integer primary key, b text);"; print "begin;";
  for (n = 1; n <= 100000; n++) printf "insert into t values(%d, %cvalue %d%c);\n", n, 39, n, 39; print "commit;" }' > inserts.sql
n=0; while [ $n -lt 300 ]; do n=$((n + 1))
  awk -v n=$n 'BEGIN { for (f = 1; f <= 40; f++) printf "def f%d(a, b=%d):\n    return [a * x + b for x in range(%d) if x %% 3]\n\n", f, n, f }' > modules/m$n.py
done
n=0; while [ $n -lt 40 ]; do n=$((n + 1))
  awk -v n=$n 'BEGIN { print "#include <stdio.h>\n#include <string.h>"; for (f = 1; f <= 30; f++)
    printf "int f%d_%d(const char *s) { char b[64]; snprintf(b, sizeof b, \"%%s %%d\", s, %d); return (int)strlen(b); }\n", n, f, f }' > program/p$n.c
done
echo 'int main(void) { return 0; }' > program/main.c
printf 'program: $(patsubst %%.c,%%.o,$(wildcard *.c))\n\tcc -o $@ $^\n' > program/Makefile
git init -q repository
cd repository
cp -r ../modules ../program . && git add . && git -c user.name=x -c user.email=x@y commit -qm x
