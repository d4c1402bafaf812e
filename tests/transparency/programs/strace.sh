# strace -f: a pipeline traced, a fault injected, the log the same
# needs: strace
# nested: release
# varies: log
run() {
  strace -f -o log -e trace=execve,exit_group sh -c 'echo one | cat; (exit 4)' || echo "status $?"
  cut -d' ' -f2- log | grep -c execve && grep -o 'exited with [0-9]*' log | sort | uniq -c
  strace -o log -e inject=openat:error=EACCES:when=3 cat /etc/hostname 2>&1 | tail -n 1; strace -c -o log true && tail -n 1 log | awk '{print $NF}'
}
