# bash with job control on a terminal: jobs stopped, continued, in front and behind, by signals and by the terminal
# quick
# needs: script stty
prepare() {
  cat >jobs <<'END'
set -m
stopped() { until jobs | grep -q Stopped; do sleep 0.01; done; }
stty size; tty | grep -c pts
sleep 1000 & pid=$!; kill -TSTP $pid; stopped; jobs
bg %1; jobs; kill -STOP %1; stopped; jobs; kill -CONT %1; kill %1; wait %1; echo "killed: $?"
cat & pid=$!; stopped; jobs; kill -9 $pid; while kill -0 $pid 2>/dev/null; do sleep 0.01; done; wait $pid; echo "cat: $?"
stty tostop; (echo from behind; exit 3) & pid=$!; stopped; jobs; fg %1; echo "fg: $?"
stty -tostop; (echo let through) & wait $!
(sleep 0.1; kill -TSTP 0; echo again) & pid=$!; stopped; fg %1 >/dev/null; echo "fg: $?"
ps -o stat= -p $$ | cut -c1-2; trap 'echo INT' INT; kill -INT $$; kill -WINCH $$
# script(1) reads on for 10 ms when its child has ended, and what was printed last may take longer to get there.
sleep 0.2
END
}
run() {
  # Who is started in the background by a shell ignores SIGINT, and then a shell cannot set a trap for it.
  SHELL=/bin/bash env --default-signal=INT,QUIT script -qec 'bash --norc --noprofile ./jobs' /dev/null | sed -E 's/^(.*line [0-9]+:) *[0-9]+/\1 N/'
}
