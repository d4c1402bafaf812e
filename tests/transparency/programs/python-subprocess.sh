# python3 with subprocesses: pipes both ways, time limits, kills, preexec_fn, close_fds, pty and os.fork
# quick
# needs: python3
run() {
  python3 - <<'END'
import subprocess as sp, os, sys, signal, pty, time
print(sp.run(["sort"], input="b\na\n", capture_output=True, text=True).stdout)
try: sp.run(["sleep", "10"], timeout=0.1)
except sp.TimeoutExpired as e: print("timeout", e.cmd)
p = sp.Popen(["sleep", "100"]); p.send_signal(signal.SIGUSR1); print(p.wait())
p = sp.Popen(["cat"], stdin=sp.PIPE, stdout=sp.PIPE, preexec_fn=lambda: os.nice(1)); print(p.communicate(b"x" * 300000)[0][-3:])
print(sp.run(["sh", "-c", "ls /proc/self/fd | wc -l"], capture_output=True).stdout)
try: sp.run(["/no/such/program"])
except FileNotFoundError as e: print(e)
r, w = os.pipe(); pid = os.fork()
if pid == 0:
    os.write(w, b"from the child"); os._exit(9)
print(os.read(r, 100), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
pid = os.fork()
if pid == 0:
    os.kill(os.getpid(), signal.SIGSTOP); os.read(r, 1); os._exit(4)
print(os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])); os.kill(pid, signal.SIGCONT)
print(os.WIFCONTINUED(os.waitpid(pid, os.WCONTINUED)[1])); os.write(w, b"x"); print(os.waitpid(pid, 0)[1] >> 8)
pid, fd = pty.fork()
if pid == 0: os.execvp("sh", ["sh", "-c", "test -t 0 && echo a terminal; exit 5"])
print(os.read(fd, 100)); print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(os.posix_spawn("/bin/true", ["true"], {}) > 0, os.wait()[1])
sys.stdout.flush(); os.kill(os.getpid(), signal.SIGPIPE); sys.exit(3)
END
}
