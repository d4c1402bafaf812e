# redis-server with redis-benchmark on a local socket, saved in the background and started again
# needs: redis-server redis-cli redis-benchmark
# varies: *.rdb log* *.sock
run() {
  redis() { redis-server --port 0 --unixsocket "$PWD/s.sock" --dir "$PWD" --save '' --logfile "$PWD/log$1" --daemonize no & until redis-cli -s s.sock ping 2>/dev/null; do sleep 0.05; done; }
  redis 1
  redis-benchmark -s s.sock -n 2000 -c 20 -t set,get,incr,lpush,mset --csv | cut -d, -f1
  for i in $(seq 50); do echo "set k$i v$i"; done | redis-cli -s s.sock | uniq -c
  redis-cli -s s.sock bgsave; until [ "$(redis-cli -s s.sock info persistence | grep -c 'rdb_bgsave_in_progress:0')" = 1 ]; do sleep 0.05; done
  redis-cli -s s.sock shutdown save; wait; redis 2; redis-cli -s s.sock get k17; redis-cli -s s.sock dbsize; redis-cli -s s.sock shutdown nosave; wait
}
