# gdb: a breakpoint, a watchpoint, threads, a signal and a call into the program
# quick
# needs: gdb cc
# nested: release
prepare() {
  cat >a.c <<'END'
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
int counter;
int add(int n) { counter += n; return counter; }
static void *work(void *arg) { for (int i = 0; i < 3; i++) add(1); return arg; }
int main(void) {
    signal(SIGUSR1, SIG_IGN);
    pthread_t t;
    pthread_create(&t, 0, work, 0);
    pthread_join(t, 0);
    raise(SIGUSR1);
    printf("%d\n", add(10));
    return 3;
}
END
  cc -g -O0 -pthread -o a a.c
}
run() {
  gdb -nx -q -batch -ex 'set debuginfod enabled off' -ex 'set print thread-events off' -ex 'break add' -ex run -ex 'info args' -ex 'delete 1' -ex 'watch counter' -ex continue -ex continue -ex delete -ex 'print add(5)' \
    -ex 'handle SIGUSR1 stop' -ex continue -ex 'bt' -ex continue ./a 2>&1 | sed -E 's/0x[0-9a-f]+/ADDR/g; s/(LWP|process) [0-9]+/\1 N/g; /linux-vdso|libthread_db|Thread debugging/d; s/^\[New.*//'
}
