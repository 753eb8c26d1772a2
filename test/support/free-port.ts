import { createServer } from 'node:net';

/**
 * A port that is free with those above it, for a program that will listen there. Below those that the kernel gives to
 * clients, which may take them meanwhile; each process looks first where no other does. `from` keeps kinds apart.
 */
export async function freePort(count = 1, from = 0): Promise<number> {
  const above = Array.from({ length: count }, (_, index) => index);
  for (let port = 11000 + (process.pid % 1000) * 10 + from; port < 32000; port += 10)
    if ((await Promise.all(above.map((index) => isFree(port + index)))).every(Boolean)) return port;
  throw new Error(`no ${count} free ports in a row`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
