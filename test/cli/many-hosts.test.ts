// 300 names on one sshd, five resources, nothing to change: the memory that the controller takes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startSshd, type TestSshd } from '../transport/sshd.ts';

const HOSTS = 300;
const MOST_MIB = 150;
const BIN = new URL('../../bin/fanops', import.meta.url).pathname;

function prepare(folder: string, sshd: TestSshd): void {
  mkdirSync(join(folder, 'dir'), { mode: 0o755 });
  writeFileSync(join(folder, 'file'), 'content', { mode: 0o644 });
  writeFileSync(join(folder, 'lines'), 'one\ntwo\n', { mode: 0o644 });
  symlinkSync('file', join(folder, 'link'));
  const tasks = [
    { directory: { path: `${folder}/dir`, mode: '0755' } },
    { file: { path: `${folder}/file`, content: 'content', mode: '0644' } },
    { line_in_file: { path: `${folder}/lines`, line: 'two' } },
    { link: { path: `${folder}/link`, target: 'file' } },
    { group: { name: 'root' } },
  ];
  writeFileSync(join(folder, 'site.yml'), JSON.stringify([{ name: 'site', hosts: 'all', tasks }]));
  const names = Array.from({ length: HOSTS }, (_, n) => `host${n}`);
  const vars = {
    ansible_host: '127.0.0.1',
    ansible_port: sshd.port,
    ansible_user: 'root',
    ansible_ssh_private_key_file: join(sshd.dir, 'id'),
    fanops_known_hosts: join(sshd.dir, 'known_hosts'),
  };
  const hosts = Object.fromEntries(names.map((name) => [name, {}]));
  writeFileSync(join(folder, 'hosts.yml'), JSON.stringify({ all: { hosts, vars } }));
}

/** Runs it, and watches the most memory that it has had. */
async function fanops(folder: string, ...argv: string[]) {
  const env = { PATH: process.env.PATH, HOME: folder };
  const child = spawn(BIN, argv, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  let kib = 0;
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const watching = setInterval(() => {
    kib = Math.max(kib, peakKib(child.pid));
  }, 20);
  const [status] = await once(child, 'close');
  clearInterval(watching);
  return { status, text, mib: kib / 1024 };
}

function peakKib(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

test(`${HOSTS} hosts without a change take less than ${MOST_MIB} MiB`, async () => {
  const sshd = await startSshd();
  const folder = mkdtempSync(join(tmpdir(), 'fanops-many-'));
  try {
    prepare(folder, sshd);
    const apply = ['apply', 'site.yml', '-i', 'hosts.yml', '--ssh-config', 'none'];
    // Once before: in a fresh clone, Node compiles all of fanops, which takes some 25 MiB more.
    await fanops(folder, ...apply, '--limit', 'host0');
    const { status, text, mib } = await fanops(folder, ...apply);
    assert.is(status, 0, text.slice(-2000));
    assert.is(text.match(/ok=5 +changed=0/g)?.length, HOSTS);
    assert.ok(mib > 20 && mib < MOST_MIB, `${mib} MiB`);
  } finally {
    rmSync(folder, { recursive: true });
    await sshd.stop();
  }
});

test.run();
