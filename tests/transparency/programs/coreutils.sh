# coreutils: a hundred files are made, copied, moved, linked, sorted, split, hashed and removed
# quick
# needs: sort split sha256sum truncate
run() {
  seq 1 100000 | shuf --random-source=<(yes) >numbers
  sort -n --parallel=2 -S 1M numbers >sorted && uniq sorted | wc -l
  sort -R --random-source=<(yes) numbers | sort -n | cmp - sorted
  split -n l/7 sorted part. && cat part.* | sha256sum
  mkdir -p a/b/c && for i in $(seq 100); do echo "$i" >"a/b/c/$i"; done
  cp -a a copy && mv copy/b moved && ln -s moved/c link && ln numbers hard
  cp --sparse=always sorted sparse && truncate -s 1M sparse && du -k --apparent-size sparse
  ls -l link/ | awk '{print $1, $5, $9}' | md5sum
  find a -name '1*' -print0 | sort -z | xargs -0 -n 3 -P 1 echo
  dd if=numbers of=dd bs=777 count=5 skip=3 conv=sync status=none && stat -c '%s %a %h' dd hard
  timeout 0.2 sleep 10 || echo "timeout said $?"
  tee one two <numbers | tail -n 2 && comm -12 <(head -3 sorted) <(seq 2 5)
  rm -r a && rmdir copy && ls
  cat missing || echo "cat said $?"
  nohup true; nice -n 5 nice; env -i A=1 env; mktemp -u -d XXX | wc -c
  yes | head -n 1 && printf '%s\n' "${PIPESTATUS[*]}"
  chmod 700 moved && install -m 640 numbers installed && mkfifo fifo && (cat <fifo & echo through >fifo; wait)
}
