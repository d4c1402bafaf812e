# bash: traps, waits, pipelines with failing parts, here-documents, coprocesses and signals to itself
# quick
run() {
  trap 'echo USR1' USR1
  kill -USR1 $$; sh -c "kill -USR1 $$"; true | false | true; echo "${PIPESTATUS[*]}"
  (
    coproc CO { while read -r line; do echo "<$line>"; done; }
    echo hello >&"${CO[1]}"; read -r answer <&"${CO[0]}"; echo "$answer"; eval "exec ${CO[1]}>&-"; wait
  ) 2>/dev/null
  for i in 1 2 3 4 5; do (exit "$i") & pids[i]=$!; done
  # Some versions of bash complain about the process that was waited for before, with its number.
  { for i in 1 2 3 4 5; do wait "${pids[i]}" || echo "$i: $?"; done; } 2>/dev/null
  { sleep 100 & kill -TERM $!; wait $! || echo "sleep: $?"; } 2>/dev/null
  (trap '' TERM; kill -TERM $BASHPID; echo survived); { (ulimit -c 0; kill -SEGV $BASHPID); } 2>/dev/null || echo "segv: $?"
  cat <<-END | tr a-z A-Z
	here
	END
  exec 9>file; flock -n 9 2>/dev/null && echo locked; echo "$((2**62))" >&9
  sleep 0.3 | { read -r -t 0.1 nothing || echo "read: $?"; }
  set +e; missing-command; echo $?; wait; trap 'echo end' EXIT; exit 7
}
