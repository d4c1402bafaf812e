# python3 with multiprocessing: pools by fork and by spawn, shared memory, queues and a manager
# needs: python3
prepare() {
  cat >work.py <<'END'
import multiprocessing as mp
from multiprocessing import shared_memory
def square(n): return n * n
def fill(name, i):
    m = shared_memory.SharedMemory(name); m.buf[i] = i; m.close()
def put(q, n): q.put(n)
if __name__ == "__main__":
    for method in ("fork", "spawn"):
        context = mp.get_context(method)
        with context.Pool(3) as pool: print(method, sum(pool.map(square, range(200))))
        m = shared_memory.SharedMemory(create=True, size=16)
        ps = [context.Process(target=fill, args=(m.name, i)) for i in range(4)]
        [p.start() for p in ps]; [p.join() for p in ps]; print(bytes(m.buf[:4]), [p.exitcode for p in ps]); m.close(); m.unlink()
        q = context.Queue(); ps = [context.Process(target=put, args=(q, n)) for n in range(5)]
        [p.start() for p in ps]; print(sorted(q.get() for _ in ps)); [p.join() for p in ps]
    with mp.Manager() as manager:
        d = manager.dict(); d["a"] = 1; print(dict(d))
END
}
run() { python3 -B work.py; }
