// ^C: what begins no more, what is ended, what is given up, and that nothing is left running on the host unseen.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startProxy, type TestProxy } from '../transport/proxy.ts';
import { knownHostsLine, startSshd, type TestSshd } from '../transport/sshd.ts';

interface Context {
  folder: string;
  sshd: TestSshd;
  proxy: TestProxy;
}

const BIN = new URL('../../bin/fanops', import.meta.url).pathname;

const test = suite<Context>('^C');

test.before(async (context) => {
  context.sshd = await startSshd();
  context.proxy = await startProxy(context.sshd.port);
  const { sshd, proxy } = context;
  writeFileSync(join(sshd.dir, 'known-proxy'), knownHostsLine(sshd.dir, proxy.port));
});

test.after(async ({ sshd, proxy }) => {
  await proxy.close();
  await sshd.stop();
});

test.before.each((context) => {
  const folder = mkdtempSync(join(tmpdir(), 'fanops-interrupt-'));
  context.folder = folder;
  const { sshd, proxy } = context;
  const vars = {
    ansible_host: '127.0.0.1',
    ansible_port: proxy.port,
    ansible_user: 'root',
    ansible_ssh_private_key_file: join(sshd.dir, 'id'),
    fanops_known_hosts: join(sshd.dir, 'known-proxy'),
    fanops_state_dir: join(folder, 'state'),
    fanops_run_dir: join(folder, 'run'),
  };
  writeFileSync(join(folder, 'hosts.yml'), JSON.stringify({ all: { hosts: { db1: vars } } }));
});

test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/** Writes a playbook of two commands: a long one that ends `how`, and one that must not begin. */
function playbook(folder: string, script: string): void {
  const long = JSON.stringify(['sh', '-c', script, 'sh', folder]);
  const next = JSON.stringify(['touch', join(folder, 'next')]);
  const tasks = `[{name: Long, command: {argv: ${long}}}, {name: Next, command: {argv: ${next}}}]`;
  writeFileSync(join(folder, 'run.yml'), `- {name: run, hosts: db1, tasks: ${tasks}}\n`);
}

type Reaction = readonly [text: string, act: (kill: () => void) => void];

/** Runs it; at each of these texts, in turn, something is done. */
async function run(folder: string, ...reactions: readonly Reaction[]) {
  return started(folder, reactions).ended;
}

function started(folder: string, reactions: readonly Reaction[] = []) {
  const argv = ['apply', 'run.yml', '-i', 'hosts.yml', '--ssh-config', 'none', '--yes'];
  const env = { PATH: process.env.PATH, HOME: folder };
  const child = spawn(BIN, argv, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  const left = [...reactions];
  let text = '';
  let seen = 0;
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const at = left[0] === undefined ? -1 : text.indexOf(left[0][0], seen);
    if (at < 0) return;
    seen = at + 1;
    left.shift()?.[1](() => child.kill('SIGINT'));
  });
  const ended = once(child, 'close').then(([status]) => ({ status, text }));
  return { child, ended };
}

const interrupt = (kill: () => void): void => kill();

function exists(folder: string, name: string): boolean {
  return spawnSync('test', ['-e', join(folder, name)]).status === 0;
}

/** Whether a process of this test still runs: each has the folder among its arguments. */
function isRunning(folder: string): boolean {
  const script = 'grep -lsaF -f - /proc/[0-9]*/cmdline';
  return spawnSync('sh', ['-c', script], { input: `fl${folder}\n` }).status === 0;
}

/** Lets what waits on the host go on to its end, and waits until its runner has written down how it ended. */
async function letGo(folder: string): Promise<void> {
  writeFileSync(join(folder, 'go'), '');
  const batches = join(folder, 'state/batches');
  const isOver = () =>
    readdirSync(batches).every((key) => readFileSync(join(batches, key), 'utf8').includes('over '));
  while (isRunning(folder) || !isOver()) await new Promise((resolve) => setTimeout(resolve, 100));
}

test('the first lets what runs come to its end and begins nothing new', async ({ folder }) => {
  // It goes on until the host has heard that nothing more is to begin.
  const heard = 'until [ -e "$1"/run/batches/*/halted ]; do sleep 0.1; done';
  playbook(folder, `echo begun; ${heard}; echo ended >"$1/ended"`);
  const { status, text } = await run(folder, ['| begun', interrupt]);
  assert.is(status, 6, text);
  assert.match(text, 'stopping: nothing new begins; still running (^C again ends it):\n  db1: 1. Long, for ');
  assert.is(readFileSync(join(folder, 'ended'), 'utf8'), 'ended\n');
  assert.not.ok(exists(folder, 'next'));
});

test('the second ends it with its children, also what does not mind being asked', async ({ folder }) => {
  for (const script of [
    'echo begun; sh -c "sleep 61; :" "fl$1" & wait',
    'trap "" TERM; echo begun; sh -c "trap \\"\\" TERM; sleep 62; sleep 62" "fl$1"',
  ]) {
    playbook(folder, script);
    const { status, text } = await run(folder, ['| begun', interrupt], ['^C again', interrupt]);
    assert.is(status, 6, text);
    assert.not.ok(isRunning(folder), 'nothing is left behind');
    assert.not.ok(exists(folder, 'next'));
  }
});

test('the third does not wait, and says what may still be running', async ({ folder }) => {
  const waiting = 'trap "" TERM; until [ -e "$1/go" ]; do sleep 0.1; done';
  playbook(folder, `trap "" TERM; echo begun; sh -c '${waiting}' "fl$1" "$1"; exit 3`);
  try {
    const { status, text } = await run(
      folder,
      ['| begun', interrupt],
      ['^C again', interrupt],
      ['ending what runs', interrupt],
    );
    assert.is(status, 7, text);
    assert.match(text, /given up: on db1 [\w.-]+ may still be running/);
  } finally {
    await letGo(folder);
  }
});

test('while contact is lost the first says so, and the second gives up: in doubt, with the key', async (context) => {
  const { folder, proxy } = context;
  playbook(folder, 'echo begun; until [ -e "$1/go" ]; do sleep 0.1; done; echo ended >"$1/ended"');
  try {
    const { status, text } = await run(
      folder,
      [
        '| begun',
        () => {
          proxy.refuse(true);
          proxy.cutNow();
        },
      ],
      ['contact lost', interrupt],
      ['^C again gives up', interrupt],
    );
    assert.is(status, 7, text);
    assert.match(text, 'contact is lost and is being tried again; until then its batch goes on there');
    assert.match(text, /not regained \(trying again was given up\); the work on the host may go on: [\w.-]+/);
    // What fanops could not tell the host goes on there to its end.
    await letGo(folder);
    assert.ok(exists(folder, 'next'));
  } finally {
    proxy.refuse(false);
    await letGo(folder);
  }
});

test('before anything has begun it is 130, and nothing was changed', async ({ folder, proxy }) => {
  playbook(folder, 'echo begun');
  proxy.swallow(true);
  try {
    const before = proxy.connections();
    const { child, ended } = started(folder);
    while (proxy.connections() === before) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGINT');
    const { status, text } = await ended;
    assert.is(status, 130, text);
    assert.not.ok(exists(folder, 'state'));
  } finally {
    proxy.swallow(false);
  }
});

test.run();
