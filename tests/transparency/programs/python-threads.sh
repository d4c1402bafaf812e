# python3 with threads: locks, conditions, queues, events, timers and a pool
# quick
# needs: python3
run() {
  python3 - <<'END'
import threading, queue, time, concurrent.futures as cf, signal, sys
total, lock = 0, threading.Lock()
def add():
    global total
    for _ in range(2000):
        with lock: total += 1
threads = [threading.Thread(target=add) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]; print(total)
q, out = queue.Queue(5), []
def consume():
    while (item := q.get()) is not None: out.append(item)
t = threading.Thread(target=consume); t.start()
for i in range(500): q.put(i)
q.put(None); t.join(); print(sum(out), out == sorted(out))
done = threading.Event(); threading.Timer(0.05, done.set).start(); print(done.wait(10))
with cf.ThreadPoolExecutor(6) as pool: print(sum(pool.map(lambda n: n * n, range(300))))
barrier = threading.Barrier(4); order = []
def meet():
    barrier.wait(); order.append(1)
threads = [threading.Thread(target=meet) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]; print(len(order))
caught = []
signal.signal(signal.SIGALRM, lambda *a: caught.append(1)); signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
end = time.monotonic() + 0.3
while len(caught) < 5 and time.monotonic() < end + 20: pass
signal.setitimer(signal.ITIMER_REAL, 0); print(len(caught) >= 5)
END
}
