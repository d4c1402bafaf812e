# python3 with asyncio: sockets, subprocesses, signals and time limits in one loop
# quick
# needs: python3
run() {
  python3 - <<'END'
import asyncio, signal, os
async def main():
    async def serve(reader, writer):
        while line := await reader.readline(): writer.write(line.upper()); await writer.drain()
        writer.close()
    server = await asyncio.start_unix_server(serve, "socket")
    async def ask(n):
        reader, writer = await asyncio.open_unix_connection("socket")
        got = []
        for i in range(20):
            writer.write(b"line %d %d\n" % (n, i)); got.append(await reader.readline())
        writer.close(); return got[-1]
    print(await asyncio.gather(*(ask(n) for n in range(10))))
    p = await asyncio.create_subprocess_exec("tr", "a-z", "A-Z", stdin=-1, stdout=-1); print(await p.communicate(b"shout"))
    try: await asyncio.wait_for(asyncio.sleep(10), 0.05)
    except TimeoutError: print("timeout")
    loop, got = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR2, got.set); os.kill(os.getpid(), signal.SIGUSR2); await got.wait(); print("signal")
    print(await loop.run_in_executor(None, sum, range(1000))); server.close()
asyncio.run(main()); os.remove("socket")
END
}
