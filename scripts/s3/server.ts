// The process that holds the S3 server: the gateway in its namespace, the keys for SSE-S3, and the front that clients
// see. It ends all of them when it ends, however that is. Started by s3-server.sh.
//   node scripts/s3/server.ts --root=… --dir=… --port=… --addresses=A,B --access-key=… --secret-key=…
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startFront } from './front.ts';
import { startKeyService } from './key-service.ts';

const text = { type: 'string', default: '' } as const;
const { values } = parseArgs({
  options: { root: text, dir: text, port: text, addresses: text, 'access-key': text, 'secret-key': text },
});
const port = Number(values.port);
const gatewayPort = port + 1;
const data = join(values.dir, 'data');
mkdirSync(data, { recursive: true, mode: 0o700 });

await startKeyService(gatewayPort + 3, 'tests-only');
const gateway = startGateway();
gateway.stdout.once('data', async () => {
  await startFront(port, gatewayPort, values.addresses.split(',').filter(Boolean));
  writeFileSync(join(values.dir, 'ready'), '');
});
gateway.once('close', (status) => process.exit(status ?? 1));
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stopGateway);

/** Killed with this process, and all that runs in its namespace with it. */
function startGateway() {
  const enter = ['sh', join(import.meta.dirname, 'enter.sh'), values.root, data];
  const day = process.env.FANOPS_S3_DAY_SECONDS ?? '';
  return spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child']
      .concat(enter)
      .concat([String(gatewayPort), values['access-key'], values['secret-key'], day]),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
}

/** unshare itself keeps signals off: its child is asked, the first process of the namespace. */
function stopGateway(): void {
  const children = readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, 'utf8').trim();
  if (children === '') gateway.kill('SIGKILL');
  else process.kill(Number(children), 'SIGTERM');
}
