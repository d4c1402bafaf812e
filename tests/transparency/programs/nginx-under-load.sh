# nginx with two workers under wrk: no request fails
# needs: nginx wrk curl
# varies: logs/* *_temp/** nginx.pid
# once
prepare() {
  mkdir -p logs html && seq 1000 >html/numbers
  printf 'pid %s/nginx.pid; worker_processes 2; error_log %s/logs/error.log; user root; events {}\nhttp { access_log off; client_body_temp_path %s/body_temp; proxy_temp_path %s/proxy_temp; fastcgi_temp_path %s/f_temp; uwsgi_temp_path %s/u_temp; scgi_temp_path %s/s_temp; server { listen 127.0.0.1:18181; root %s/html; } }\n' \
    "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" >nginx.conf
}
run() {
  nginx -p "$PWD" -c "$PWD/nginx.conf" -g 'daemon off;' & server=$!
  until curl -s -o /dev/null http://127.0.0.1:18181/numbers; do sleep 0.05; done
  wrk -t 2 -c 16 -d 2s http://127.0.0.1:18181/numbers | grep -c -E 'Socket errors|Non-2xx' || true
  kill -QUIT "$server"; wait "$server"; echo "ended with $?"
}
