// One file through a real sshd of this machine: to the host, from it, and from host to host. How long, and how much memory.
//   node bench/big-file.ts [--mib=1024]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import type { Session } from '../src/core/session.ts';
import { connector } from '../src/transport/connector.ts';
import { startSshd } from '../test/transport/sshd.ts';

const { values } = parseArgs({ options: { mib: { type: 'string', default: '1024' } } });
const sshd = await startSshd();
let peak = 0;
const watching = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);

try {
  const source = join(sshd.dir, 'source');
  spawnSync('sh', ['-c', 'head -c "$1"M /dev/urandom >"$2"', 'sh', values.mib, source]);
  const sha256 = await digest(source);
  const connect = connector(sshd.settings);
  const [one, two] = await Promise.all([connect(sshd.host()), connect(sshd.host({ name: 'two' }))]);
  await measure('to the host', () => up(one, source, sha256));
  await measure('from the host', () => down(one, source, sha256));
  await measure('from host to host', () => across(one, two, source, sha256));
  await Promise.all([one.close(), two.close()]);
} finally {
  clearInterval(watching);
  await sshd.stop();
}

async function up(session: Session, path: string, sha256: string): Promise<void> {
  const stdin = { kind: 'file', path, sha256, size: statSync(path).size } as const;
  const script = `cat >${join(sshd.dir, 'up')} && rm ${join(sshd.dir, 'up')}`;
  const key = `big-${process.pid}`;
  const { outcome, reason } = await session.run(
    { key, commands: [{ id: 'up', script, stdin, timeoutMs: 600_000 }] },
    {},
  );
  if (outcome !== 'done') throw new Error(reason ?? outcome);
}

async function down(session: Session, path: string, sha256: string): Promise<void> {
  const sink = new PassThrough();
  const to = join(sshd.dir, 'down');
  const writing = pipeline(sink, createWriteStream(to));
  await Promise.all([session.download(path, sink), writing]);
  if ((await digest(to)) !== sha256) throw new Error('it did not arrive whole');
  spawnSync('rm', [to]);
}

async function across(from: Session, to: Session, path: string, sha256: string): Promise<void> {
  const between = new PassThrough();
  const target = join(sshd.dir, 'across');
  const script = `cat >${target} && echo "${sha256}  ${target}" | sha256sum --check --status && rm ${target}`;
  const [, { status }] = await Promise.all([from.download(path, between), to.feed(script, between)]);
  if (status !== 0) throw new Error('it did not arrive whole');
}

async function measure(what: string, act: () => Promise<void>): Promise<void> {
  const before = process.memoryUsage.rss();
  peak = before;
  const began = performance.now();
  await act();
  const seconds = (performance.now() - began) / 1000;
  const rate = Number(values.mib) / seconds;
  console.log(
    `${what}: ${seconds.toFixed(1)} s, ${rate.toFixed(0)} MiB/s, memory ${mib(before)} MiB before, ${mib(peak)} MiB at most`,
  );
}

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function mib(bytes: number): string {
  return (bytes / 1_048_576).toFixed(0);
}
