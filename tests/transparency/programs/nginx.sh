# nginx with two workers: requests by curl, a reload, a worker killed and started again, a graceful end
# quick
# needs: nginx curl
# varies: logs/* *_temp/** nginx.pid
prepare() {
  mkdir -p logs html && seq 1000 >html/numbers && chmod -R a+rX . && chmod a+x ../..  2>/dev/null || true
  printf 'pid %s/nginx.pid; worker_processes 2; error_log %s/logs/error.log; user root; events {}\nhttp { access_log %s/logs/access.log; client_body_temp_path %s/body_temp; proxy_temp_path %s/proxy_temp; fastcgi_temp_path %s/f_temp; uwsgi_temp_path %s/u_temp; scgi_temp_path %s/s_temp; server { listen unix:%s/s.sock; root %s/html; } }\n' \
    "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" >nginx.conf
}
run() {
  nginx -p "$PWD" -c "$PWD/nginx.conf" -g 'daemon off;' & server=$!
  get() { curl -s --unix-socket s.sock "http://x/$1"; }
  until get numbers >/dev/null; do sleep 0.05; done
  for i in $(seq 30); do get numbers | md5sum; done | uniq -c; get missing | head -n 1
  kill -HUP "$server"; sleep 0.3; get numbers | wc -l
  kill -9 "$(pgrep -P "$server" | head -n 1)"; sleep 0.3; until get numbers >/dev/null; do sleep 0.05; done; get numbers | tail -n 1
  kill -QUIT "$server"; wait "$server"; echo "ended with $?"; rm -f s.sock
}
