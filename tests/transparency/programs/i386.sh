# a 32-bit program: files, threads, signals, fork, large files and a mapping
# quick
# needs: cc
prepare() {
  cat >a.c <<'END'
#define _FILE_OFFSET_BITS 64
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static volatile int got;
static void on(int n) { got = n; }
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int sum;
static void *work(void *arg) {
    for (int i = 0; i < 1000; i++) { pthread_mutex_lock(&lock); sum++; pthread_mutex_unlock(&lock); }
    return arg;
}
int main(int argc, char **argv) {
    setvbuf(stdout, 0, _IOLBF, 0);
    int fd = open("big", O_RDWR | O_CREAT, 0600);
    printf("%zu %lld\n", sizeof(void *), (long long)lseek(fd, 5000000000LL, SEEK_SET));
    printf("%zd\n", write(fd, "x", 1)); ftruncate(fd, 3); unlink("big");
    pthread_t t[5];
    for (int i = 0; i < 5; i++) pthread_create(t + i, 0, work, 0);
    for (int i = 0; i < 5; i++) pthread_join(t[i], 0);
    printf("%d\n", sum);
    signal(SIGUSR1, on); raise(SIGUSR1); printf("%d\n", got);
    int p[2]; pipe(p);
    pid_t pid = fork();
    if (!pid) { write(p[1], "child", 5); _exit(6); }
    char b[9] = ""; read(p[0], b, 8); int st; waitpid(pid, &st, 0); printf("%s %d\n", b, WEXITSTATUS(st));
    char *m = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); m[8191] = 1; printf("%d\n", munmap(m, 8192));
    struct timespec ts = {0, 1000000}; printf("%d\n", nanosleep(&ts, 0));
    if (argc == 1) { execl(argv[0], argv[0], "again", (char *)0); }
    kill(getpid(), SIGTERM); pause(); return 0;
}
END
  cc -m32 -w -pthread -o a a.c 2>/dev/null || { echo "there is no 32-bit C library" >&2; exit 77; }
}
run() { ./a || echo "status $?"; }
