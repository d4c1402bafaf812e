# node: timers, streams, child processes, worker threads, a server on a local socket and files by its thread pool
# needs: node
run() {
  cat >a.js <<'END'
const fs = require('fs'), cp = require('child_process'), net = require('net'), { Worker } = require('worker_threads'), zlib = require('zlib'), crypto = require('crypto');
(async () => {
  const names = [...Array(50).keys()].map(i => `f${i}`);
  await Promise.all(names.map(n => fs.promises.writeFile(n, n.repeat(1000))));
  const sizes = await Promise.all(names.map(async n => (await fs.promises.stat(n)).size)); console.log(sizes.reduce((a, b) => a + b));
  console.log(cp.execFileSync('sort', { input: 'b\na\n' }).toString());
  const w = new Worker('const { parentPort } = require("worker_threads"); let s = 0; for (let i = 0; i < 1e6; i++) s += i; parentPort.postMessage(s)', { eval: true });
  console.log(await new Promise(r => w.on('message', r)));
  console.log(await new Promise(r => zlib.gzip('x'.repeat(1e5), (e, b) => r(zlib.gunzipSync(b).length))));
  console.log(await new Promise(r => crypto.pbkdf2('a', 'b', 1000, 16, 'sha256', (e, k) => r(k.toString('hex')))));
  const server = net.createServer(s => s.pipe(s)).listen('socket');
  const c = net.connect('socket'); c.end('echo'); let got = ''; for await (const d of c) got += d; console.log(got); server.close();
  const p = cp.spawn('sleep', ['100']); p.kill('SIGTERM'); console.log(await new Promise(r => p.on('exit', (c, s) => r(s))));
  process.on('SIGUSR2', () => console.log('USR2')); process.kill(process.pid, 'SIGUSR2'); await new Promise(r => setTimeout(r, 50)); process.exitCode = 4;
})();
END
  node a.js
}
