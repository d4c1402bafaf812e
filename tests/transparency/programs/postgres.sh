# postgres: initdb, pgbench with four clients, a checkpoint, an immediate stop, recovery and a dump
# needs: postgres initdb pgbench psql pg_dump setpriv
# varies: db/** log pgdb/**
prepare() { if [ "$(id -u)" = 0 ]; then chmod 755 .. . && mkdir db && chown 65534:65534 db && touch log && chown 65534:65534 log; else mkdir db; fi; }
run() {
  as=(); if [ "$(id -u)" = 0 ]; then as=(setpriv --reuid 65534 --regid 65534 --clear-groups); fi
  "${as[@]}" initdb -D db -U u -A trust -N >/dev/null && echo initialised
  server() { "${as[@]}" postgres -D db -k "$PWD/db" -h '' -c fsync=off -c max_connections=20 >>log 2>&1 & server=$!; until psql -h "$PWD/db" -U u -Atc 'select 1' postgres 2>/dev/null; do sleep 0.1; done; }
  server
  pgbench -h "$PWD/db" -U u -i -q -s 1 postgres >/dev/null 2>&1 && pgbench -h "$PWD/db" -U u -c 4 -j 2 -t 100 postgres 2>/dev/null | grep 'actually processed\|failed'
  psql -h "$PWD/db" -U u -At postgres -c 'checkpoint' -c 'create table t as select g k, g * g v from generate_series(1, 5000) g' -c 'select sum(v) from t' -c 'select nonsense' || echo "psql said $?"
  kill -QUIT "$server"; wait "$server" || echo "immediate: $?"
  server; psql -h "$PWD/db" -U u -Atc 'select count(*), sum(v) from t' postgres; psql -h "$PWD/db" -U u -Atc 'select count(*) from pgbench_history' postgres
  pg_dump -h "$PWD/db" -U u -t t postgres | grep -v '^--\|^.\(un\)\?restrict' | md5sum; kill -INT "$server"; wait "$server"; echo "fast: $?"
}
