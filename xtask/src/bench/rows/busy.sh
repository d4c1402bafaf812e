# busy.sh COMMAND...: runs it while a program computes on each processor
computing=
for processor in $(seq 0 $(($(nproc) - 1))); do
  taskset -c "$processor" sh -c 'while :; do :; done' &
  computing="$computing $!"
done
"$@"
status=$?
kill $computing
exit $status
