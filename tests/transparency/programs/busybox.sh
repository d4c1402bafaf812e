# busybox: a static shell with its own tools, in pipes and in the background
# quick
# needs: busybox
# Whether busybox says "Terminated" hangs on whether its wait or something before it has heard of that.
run() {
  busybox sh -c '
    for i in 1 2 3 4 5 6 7 8 9 10; do echo "line $i" >"f$i"; done; cat f* | sort | tail -n 2; ls | wc -l
    busybox seq 1000 | busybox awk "{ s += \$1 } END { print s }"; busybox tar -cf a.tar f1 f2 && busybox tar -tf a.tar; rm a.tar
    busybox sleep 100 & kill $!; wait $! 2>/dev/null; echo "$?"; (exit 3) || echo "$?"; trap "echo TERM" TERM; kill -TERM $$; busybox md5sum f1; busybox find . -name "f1*" | sort; exit 9'
}
