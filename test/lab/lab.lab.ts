// The lab itself, really run: as root, apart from the unit tests. It makes a lab of its own (other bridge,
// network and directory) and shares only the cache, so that it may run beside the lab that somebody works with.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const DIR = process.env.FANOPS_LAB_TEST_DIR ?? '/var/lib/fanops-lab-test';
const HOSTS = ['db1', 'db2', 'db3'];
const ADDRESSES = ['10.99.79.11', '10.99.79.12', '10.99.79.13'];
const ENV = {
  ...process.env,
  FANOPS_LAB_DIR: DIR,
  FANOPS_LAB_BRIDGE: 'fanopstest',
  FANOPS_LAB_NETWORK: '10.99.79.0/24',
  FANOPS_LAB_HOSTS: '3',
};

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function program(file: string, args: readonly string[], env: NodeJS.ProcessEnv = ENV): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const out = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      out.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      out.stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...out }));
  });
}

const HOME = join(import.meta.dirname, '../../src/cli/lab.ts');
const CODE = `import { lab } from ${JSON.stringify(HOME)}; process.exitCode = await lab(process.argv.slice(1));`;
const NODE_ARGUMENTS = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', CODE, '--'];

/** `fanops lab ARGS`, in a process of its own: hosts must outlive it. */
function lab(args: readonly string[], env: NodeJS.ProcessEnv = ENV): Promise<Ended> {
  return program(process.execPath, [...NODE_ARGUMENTS, ...args], env);
}

async function must(args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await lab(args);
  assert.is(status, 0, `lab ${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function on(host: string, command: string): Promise<string> {
  return (await must(['ssh', host, command])).trim();
}

/** Everything on this machine that carries the test lab's name. */
async function traces(): Promise<string[]> {
  const links = (await program('ip', ['-o', 'link'])).stdout
    .split('\n')
    .filter((l) => l.includes('fanopstest'));
  const spaces = (await program('ip', ['netns', 'list'])).stdout
    .split('\n')
    .filter((l) => l.includes('fanopstest'));
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((l) => l.includes(DIR));
  const listening = (await program('ss', ['-Htln'])).stdout
    .split('\n')
    .filter((l) => l.includes('10.99.79.'));
  const groups = [
    '/sys/fs/cgroup',
    '/sys/fs/cgroup/unified',
    '/sys/fs/cgroup/systemd',
    '/sys/fs/cgroup/system.slice',
  ]
    .filter((dir) => existsSync(dir))
    .flatMap((dir) => readdirSync(dir).filter((name) => name.startsWith('fanopstest')));
  const processes = (await program('ps', ['-eo', 'pid,args'])).stdout
    .split('\n')
    .filter((l) => /systemd-nspawn|supervise\.sh|apt-proxy-main/.test(l))
    .filter((l) => l.includes(`${DIR}/`) || l.includes('10.99.79.1"'));
  return [...links, ...spaces, ...mounts, ...listening, ...groups, ...processes];
}

test.before(async () => {
  await lab(['down']);
  rmSync(DIR, { recursive: true, force: true });
});

test.after(async () => {
  await lab(['down']);
  rmSync(DIR, { recursive: true, force: true });
});

test('doctor finds nothing bad', async () => {
  const { status, stdout } = await lab(['doctor']);
  assert.is(status, 0, stdout);
});

test('a network that is in use is refused before anything is made', async () => {
  const { status, stderr } = await lab(['up'], { ...ENV, FANOPS_LAB_NETWORK: '127.0.0.0/24' });
  assert.is(status, 3);
  assert.match(stderr, 'set FANOPS_LAB_NETWORK');
  assert.equal(await traces(), []);
  assert.not(existsSync(DIR));
});

test('a link that is not ours is refused before anything is made', async () => {
  const { status, stderr } = await lab(['up'], { ...ENV, FANOPS_LAB_BRIDGE: 'lo' });
  assert.is(status, 3);
  assert.match(stderr, 'set FANOPS_LAB_BRIDGE');
  assert.equal(await traces(), []);
});

test('up gives three hosts that answer, whose systemd is running, in UTC', async () => {
  const stdout = await must(['up']);
  for (const [index, host] of HOSTS.entries()) {
    assert.match(stdout, `${host}  ${ADDRESSES[index]}`);
    const said = await on(
      host,
      'hostname; systemctl is-system-running; date +%Z; ip -br -4 address show host0',
    );
    assert.match(said, new RegExp(`^${host}\nrunning\nUTC\nhost0.* ${ADDRESSES[index]}/24`));
  }
});

test('the full layer has the programs, and none of the services runs', async () => {
  const programs = await on(
    'db1',
    'ls /usr/lib/postgresql/15/bin/postgres; command -v patroni etcd etcdctl aws jq igzip',
  );
  assert.is(programs.split('\n').length, 7);
  const states = await on('db1', 'systemctl is-active etcd patroni postgresql; true');
  assert.equal(states.split('\n'), ['inactive', 'inactive', 'inactive']);
  assert.is(await on('db1', 'ls /var/lib/etcd; ls /etc/postgresql/15 2>/dev/null; true'), '');
});

test('hosts know each other by name', async () => {
  assert.match(await on('db1', 'ping -c1 -W2 db2 && ping -c1 -W2 db3'), '1 received');
});

test('up again says that it is up', async () => {
  const { status, stderr } = await lab(['up']);
  assert.is(status, 0);
  assert.match(stderr, 'already up');
});

test('up with other settings is refused while it runs', async () => {
  const { status, stderr } = await lab(['up', '--hosts', '4']);
  assert.is(status, 3);
  assert.match(stderr, 'fanops lab down');
});

test('a host reboots by itself', async () => {
  const before = await on('db3', 'cat /proc/sys/kernel/random/boot_id');
  await lab(['ssh', 'db3', 'reboot']);
  const end = Date.now() + 20_000;
  let after = before;
  while (after === before && Date.now() < end) {
    const asked = await lab(['ssh', 'db3', 'cat /proc/sys/kernel/random/boot_id']);
    if (asked.status === 0) after = asked.stdout.trim();
  }
  assert.is.not(after, before);
});

test('kill ends a host at once and in silence; start boots it with its disk', async () => {
  await on('db2', 'echo kept > /root/kept');
  await must(['kill', 'db2']);
  const status = JSON.parse(await must(['status', '--json']));
  assert.equal(
    status.hosts.map((h: { state: string }) => h.state),
    ['running', 'stopped', 'running'],
  );
  const { stdout } = await lab(['ssh', 'db1', 'ping -c1 -W1 db2']);
  assert.match(stdout, '0 received');
  await must(['start', 'db2']);
  assert.is(await on('db2', 'cat /root/kept; systemctl is-system-running'), 'kept\nrunning');
});

test('restore gives back what snapshot kept, of programs that were writing, too', async () => {
  const write =
    'systemd-run -q --unit=writer sh -c "while :; do date +%s%N >> /root/log; done"; sleep 0.3; touch /root/at-snapshot';
  await on('db1', write);
  await must(['snapshot', 'prepared']);
  const went = await on('db1', 'systemctl is-active writer; touch /root/later; wc -l < /root/log');
  assert.match(went, /^active\n\d+$/);
  await must(['restore', 'prepared']);
  assert.is(await on('db1', 'ls /root/at-snapshot /root/later 2>/dev/null; true'), '/root/at-snapshot');
  const kept = Number(await on('db1', 'wc -l < /root/log'));
  assert.ok(kept > 0 && kept < Number(went.split('\n')[1]), `${kept} lines kept`);
  assert.is(await on('db2', 'cat /root/kept'), 'kept');
});

test('reset gives pristine hosts with the same keys', async () => {
  await must(['reset']);
  for (const host of HOSTS)
    assert.is(await on(host, 'ls -A /root | grep -v "^[.]"; systemctl is-system-running'), 'running');
});

test('a bare host has nothing of databases, and installs packages', async () => {
  await must(['reset', '--bare']);
  assert.is(await on('db1', 'command -v postgres psql patroni etcd aws jq curl python3; true'), '');
  const install =
    'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qqy jq >/dev/null && jq -n 6*7';
  assert.match(await on('db1', install), /42$/);
});

test('mistakes in the arguments are named', async () => {
  const cases: [string[], string][] = [
    [['ssh', 'db9'], 'expected a host of the lab (db1, db2, db3), found "db9"'],
    [['kill'], 'expected "fanops lab kill HOST..."'],
    [['fly'], 'found "fly"'],
    [['up', '--network', '10.0.0.1/24'], 'FANOPS_LAB_NETWORK'],
    [['snapshot', '../x'], 'found "../x"'],
  ];
  for (const [args, expected] of cases) {
    const { status, stderr } = await lab(args);
    assert.is(status, 1, args.join(' '));
    assert.match(stderr, expected);
  }
});

test('down leaves nothing that runs, is mounted or listens', async () => {
  assert.ok((await traces()).length > 10, 'the look for traces sees the lab while it is up');
  await must(['down']);
  assert.equal(await traces(), []);
});

test('down also clears away what a broken-off up has left', async () => {
  await program('ip', ['netns', 'add', 'fanopstest-db7']);
  const broken = spawn(process.execPath, [...NODE_ARGUMENTS, 'up'], { env: ENV, stdio: 'ignore' });
  const ended = new Promise((resolve) => broken.once('close', (_, signal) => resolve(signal)));
  const end = Date.now() + 30_000;
  while (!(await traces()).join('\n').includes('systemd-nspawn') && Date.now() < end);
  broken.kill('SIGKILL');
  assert.is(await ended, 'SIGKILL', 'up was broken off while a host was booting');
  await must(['down']);
  assert.equal(await traces(), []);
});

test.run();
