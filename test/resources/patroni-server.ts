import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Starts a Patroni's REST interface that keeps a configuration; gives its port. The caller ends it. */
export function servePatroni(servers: ChildProcess[], given: object): Promise<number> {
  const script = fileURLToPath(new URL('patroni-server.mjs', import.meta.url));
  const server = spawn(process.execPath, [script, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  servers.push(server);
  return new Promise((resolve) => server.stdout?.once('data', (chunk) => resolve(Number(chunk))));
}
