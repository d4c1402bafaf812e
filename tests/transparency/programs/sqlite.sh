# sqlite3: 20,000 rows in transactions, with a journal and with a write-ahead log, two writers on one file, an integrity check
# quick
# needs: sqlite3
# varies: *.db*
run() {
  sqlite3 a.db 'create table t(k integer primary key, v text); create index i on t(v);'
  { echo 'begin;'; for i in $(seq 20000); do echo "insert into t values($i, 'v$((i * 7919 % 10007))');"; done; echo 'commit;'; } | sqlite3 a.db
  sqlite3 a.db 'select count(*), sum(length(v)), max(v) from t; pragma integrity_check;'
  sqlite3 a.db 'pragma journal_mode=wal; delete from t where k % 3 = 0; vacuum; select count(*) from t;'
  writer() { for i in $(seq 30); do sqlite3 -cmd '.timeout 20000' a.db "insert into t values($1 + $i, 'w$1');"; done; }
  writer 100000 & writer 200000 & wait
  sqlite3 a.db "select v, count(*) from t where v like 'w%' group by v; pragma wal_checkpoint(truncate);" && sqlite3 a.db .dump | sort | sha256sum
  sqlite3 a.db 'select nonsense' || echo "sqlite3 said $?"
}
