# tar: two thousand files packed with gzip and xz, listed, unpacked and compared
# quick
# needs: tar gzip
# varies: *.tar*
prepare() {
  mkdir tree && for i in $(seq 2000); do echo "file $i" >"tree/$i"; done
  ln -s 7 tree/link && ln tree/8 tree/hard && mkdir -m 700 tree/private && mkfifo tree/fifo
}
run() {
  tar --sort=name --mtime=@0 -czf a.tar.gz tree && gzip -dc a.tar.gz | sha256sum
  tar -tzf a.tar.gz | wc -l && mkdir out && tar -xzf a.tar.gz -C out && ls -R out | md5sum
  tar -cf - tree | tar -xf - -C out --transform s/tree/again/ && tar --compare -zf a.tar.gz -C out && echo same
  tar -xf missing.tar || echo "tar said $?"
  tar --sort=name --mtime=@0 --owner=0 --group=0 -cf - tree | xz -T2 -1 | xz -dc | sha256sum
}
