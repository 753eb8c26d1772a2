// Builds the distribution, unpacks it elsewhere, and runs it with an empty environment and no network.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import about from '../../package.json' with { type: 'json' };

const folder = mkdtempSync(join(tmpdir(), 'fanops-dist-'));
const name = `fanops-${about.version}-linux-x64`;
const home = join(folder, 'un packed', name);
const link = join(folder, 'bin', 'fanops');

test.before(async () => {
  // The second one on another machine, as far as that goes.
  const elsewhere = { TZ: 'Asia/Tokyo', LC_ALL: 'C', HOME: '/nonexistent' };
  // Somebody's own inventory, which git does not know; tests that run meanwhile read `*.yml` and what git knows.
  const stray = `inventory/stray-${process.pid}`;
  writeFileSync(stray, 's3_secret_access_key: canary\n');
  try {
    await Promise.all([build('one', {}, '022'), build('two', elsewhere, '077')]);
  } finally {
    rmSync(stray);
  }
  for (const path of [join(folder, 'un packed'), join(folder, 'bin'), join(folder, 'empty')]) mkdirSync(path);
  execFileSync('tar', ['-xzf', join(folder, 'one', `${name}.tar.gz`), '-C', join(folder, 'un packed')]);
  symlinkSync(join(home, 'bin/fanops'), link);
});
test.after(() => rmSync(folder, { recursive: true }));

async function build(out: string, env: NodeJS.ProcessEnv, umask: string): Promise<void> {
  const script = 'umask "$1"; exec "$2" --disable-warning=ExperimentalWarning scripts/dist.ts --out="$3"';
  const child = spawn('sh', ['-c', script, 'sh', umask, process.execPath, join(folder, out)], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('close', resolve);
  assert.is(await promise, 0, `building ${out}`);
}

/** As a user of a machine that has nothing: no environment, no network, not even an interface that is up. */
function fanops(...argv: string[]) {
  const alone = process.getuid?.() === 0 ? ['-n'] : ['-rn'];
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    [...alone, 'env', '-i', 'PATH=/usr/bin:/bin', link, ...argv],
    { cwd: join(folder, 'empty'), encoding: 'utf8', input: '' },
  );
  return { status, stdout, stderr };
}

test('the same input gives the same bytes', () => {
  const [one, two] = ['one', 'two'].map((out) => readFileSync(join(folder, out, `${name}.tar.gz`)));
  assert.ok(one && two && one.equals(two));
});

test('what git does not know is not packed', () => {
  const known = execFileSync('git', ['ls-files', 'inventory'], { encoding: 'utf8' }).trim().split('\n');
  const packed = readdirSync(join(home, 'inventory')).map((file) => `inventory/${file}`);
  assert.equal(packed.toSorted(), known.toSorted());
});

test('its checksum stands beside it, and nothing else', () => {
  const out = join(folder, 'one');
  assert.equal(readdirSync(out).sort(), [`${name}.tar.gz`, `${name}.tar.gz.sha256`]);
  const sum = createHash('sha256')
    .update(readFileSync(join(out, `${name}.tar.gz`)))
    .digest('hex');
  assert.is(readFileSync(join(out, `${name}.tar.gz.sha256`), 'utf8'), `${sum}  ${name}.tar.gz\n`);
});

test('everything in it can be read by everybody, and is written by its owner alone', () => {
  const listed = execFileSync('find', [home, '-not', '-type', 'l', '-printf', '%m %y %P\n'], {
    encoding: 'utf8',
  });
  const odd = listed
    .trimEnd()
    .split('\n')
    .filter((line) => !/^(755 [df]|644 f) /.test(line));
  assert.equal(odd, []);
});

test('--version runs by a link from anywhere', () => {
  assert.equal(fanops('--version'), { status: 0, stdout: `fanops ${about.version}\n`, stderr: '' });
});

test('its own Node runs it', () => {
  assert.is(execFileSync(join(home, 'lib/node'), ['-v'], { encoding: 'utf8' }).trim(), process.version);
});

test('it plans the example, and changes nothing', () => {
  const { status, stdout, stderr } = fanops(
    'plan',
    join(home, 'examples/hello.yml'),
    '-i',
    join(home, 'examples/localhost.yml'),
  );
  assert.is(status, 0, stderr);
  assert.match(stdout, 'Plan: 2 to add, 0 to change, 0 to destroy');
});

test('its own playbooks are found by name and are valid, templates among them', () => {
  const { status, stdout, stderr } = fanops('validate', 'cluster', '-i', join(home, 'inventory/lab.yml'));
  assert.is(stderr, '');
  assert.match(stdout, 'playbooks/cluster.yml is valid');
  assert.is(status, 0);
});

test('SSH is inside: a host that is not there is unreachable, no bug', () => {
  const hosts = join(folder, 'hosts.yml');
  writeFileSync(hosts, 'all: {hosts: {db1: {ansible_host: 127.0.0.1, ansible_port: 9}}}\n');
  const playbook = join(folder, 'look.yml');
  writeFileSync(playbook, '- {hosts: db1, tasks: [{directory: {path: /x}}]}\n');
  const { status, stdout, stderr } = fanops('plan', playbook, '-i', hosts);
  assert.is(status, 4, stdout + stderr);
  assert.match(stdout + stderr, /db1/);
});

test('the lab says what this machine can do', () => {
  assert.match(fanops('lab', '--help').stdout, 'usage: fanops lab COMMAND');
});

test('what it holds of others comes with their licences', () => {
  const text = readFileSync(join(home, 'THIRD-PARTY.txt'), 'utf8');
  for (const other of ['ssh2', 'yaml', 'handlebars', 'listr2', 'ajv', 'Node.js'])
    assert.match(text, new RegExp(`^(lib/node is )?${other} \\d`, 'm'));
  assert.ok(text.split('MIT').length > 10);
});

test.run();
