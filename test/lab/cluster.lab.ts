// The main job on real hosts: playbooks/cluster.yml from pristine machines to a healthy Patroni cluster.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HOSTS = ['db1', 'db2', 'db3'] as const;
/** Another lab than the default one: FANOPS_LAB_* and an inventory of its hosts. */
const INVENTORY = process.env.FANOPS_TEST_INVENTORY ?? 'inventory/lab.yml';
const CLUSTER = ['playbooks/cluster.yml', '-i', INVENTORY];
const SECRET = '/etc/fanatico/secrets/postgres-superuser';

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly all: string;
}

function fanops(...args: string[]): Ended {
  const { status, stdout, stderr } = spawnSync('bin/fanops', args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status, stdout, stderr, all: `${stdout}\n${stderr}` };
}

/** `fanops …`, which must end with this exit code. */
function fanopsEnds(code: number, ...args: string[]): Ended {
  const ended = fanops(...args);
  assert.equal(ended.status, code, `fanops ${args.join(' ')}\n${ended.all.slice(-6000)}`);
  return ended;
}

function onHost(host: string, command: string): string {
  const ended = fanops('lab', 'ssh', host, command);
  assert.equal(ended.status, 0, `${host}: ${command}\n${ended.all.slice(-3000)}`);
  return ended.stdout;
}

interface Step {
  readonly host: string;
  readonly address: string;
  readonly skipped?: string;
  readonly task: { readonly number: number; readonly name: string };
  readonly change: { readonly action: string; readonly risk: string };
}

function planSteps(json: string): readonly Step[] {
  return (JSON.parse(json) as { plays: { steps: Step[] }[] }).plays.flatMap((play) => play.steps);
}

function isNamedChange({ change }: Step): boolean {
  return !['none', 'blocked', 'unknown'].includes(change.action) && change.risk !== 'reads';
}

/** Every path of a host's disk with mode, owner and content, without what an idle login changes too. */
function diskOf(host: string): Map<string, string> {
  const noise = readFileSync(new URL('noise.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((pattern) => new RegExp(pattern));
  const text = onHost(
    host,
    `find / /run -xdev \\( -path /proc -o -path /sys -o -path /dev \\) -prune -o -printf '%p %y %m %U:%G %l\\n' | sort; ` +
      `find / -xdev \\( -path /proc -o -path /sys -o -path /dev \\) -prune -o -type f -print0 | sort -z | ` +
      `xargs -0 sha256sum | sed -E 's/^(\\S+) +(.*)$/\\2 \\1/'`,
  );
  const lines = text.split('\n').filter((line) => !noise.some((pattern) => pattern.test(line)));
  return new Map(lines.map((line) => [line, host]));
}

function differencesOf(before: Map<string, string>, after: Map<string, string>): string[] {
  return [
    ...[...before.keys()].filter((line) => !after.has(line)).map((line) => `- ${line}`),
    ...[...after.keys()].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ];
}

/** Leader and replicas as patronictl sees them, and who streams as PostgreSQL sees it. */
function assertHealthy(): void {
  const list = JSON.parse(onHost('db1', 'patronictl list -f json')) as {
    Member: string;
    Role: string;
    State: string;
    TL: number;
  }[];
  const leader = list.find((m) => m.Role === 'Leader');
  assert.ok(leader, `no leader: ${JSON.stringify(list)}`);
  assert.deepEqual(list.map((m) => m.State).sort(), ['running', 'running', 'running']);
  assert.deepEqual([...new Set(list.map((m) => m.TL))], [leader.TL], 'members on different timelines');
  const others = HOSTS.filter((host) => host !== leader.Member);
  const deadline = Date.now() + 60_000;
  for (;;) {
    const streaming = onHost(
      leader.Member,
      `cd /; runuser -u postgres -- psql -XAtc "select application_name from pg_stat_replication where state = 'streaming' order by 1"`,
    );
    if (streaming.trim().split('\n').join() === others.join()) return;
    assert.ok(Date.now() < deadline, `pg_stat_replication on ${leader.Member} shows: ${streaming}`);
    spawnSync('sleep', ['1']);
  }
}

function recapOf(text: string): string[] {
  return text.split('\n').filter((line) => /^db\d\s+: ok=/.test(line));
}

/** Task and host of every line that says that something was changed. */
function changesTold(text: string): Set<string> {
  const lines = text.matchAll(/^changed: \[(db\d)\] (?:handler )?(\d+)\. /gm);
  return new Set([...lines].map(([, host, number]) => `${number} ${host}`));
}

let named: readonly Step[] = [];

test('a plan of pristine hosts changes nothing on them', () => {
  fanopsEnds(0, 'lab', 'down');
  fanopsEnds(0, 'lab', 'up');
  fanopsEnds(0, 'lab', 'reset');
  for (const host of HOSTS) onHost(host, 'true');
  const before = HOSTS.map(diskOf);
  const plan = fanopsEnds(2, 'plan', ...CLUSTER, '--json', '--detailed-exitcode');
  HOSTS.forEach((host, index) => {
    assert.deepEqual(differencesOf(before[index] as Map<string, string>, diskOf(host)), [], host);
  });
  named = planSteps(plan.stdout);
  const unknown = named.filter((s) => s.change.action === 'unknown').length;
  console.log(`  ${named.length} steps, ${named.filter(isNamedChange).length} changes, ${unknown} unknown`);
  assert.ok(named.filter(isNamedChange).length > 20, 'a bare host needs more than that');
});

test('apply turns them into a healthy cluster, as planned', () => {
  const applied = fanopsEnds(0, 'apply', ...CLUSTER, '--yes', '--stats');
  assert.equal(recapOf(applied.all).length, 3, applied.all.slice(-2000));
  const done = changesTold(applied.all);
  const of = (steps: readonly Step[]) => new Set(steps.map((s) => `${s.task.number} ${s.host}`));
  const [sure, open] = [
    of(named.filter(isNamedChange)),
    of(named.filter((s) => s.change.action === 'unknown')),
  ];
  assert.deepEqual(
    [...done].filter((key) => !sure.has(key) && !open.has(key)),
    [],
    'changed, and not planned',
  );
  assert.deepEqual(
    [...sure].filter((key) => !done.has(key)),
    [],
    'planned, and not changed',
  );
  assertHealthy();
});

test('a plan of the finished cluster is empty', () => {
  const plan = fanopsEnds(0, 'plan', ...CLUSTER, '--json', '--detailed-exitcode');
  const left = planSteps(plan.stdout).filter((s) => s.change.action !== 'none');
  assert.deepEqual(left, []);
});

test('applied again it changes nothing, with few waits', () => {
  const again = fanopsEnds(0, 'apply', ...CLUSTER, '--yes', '--stats');
  for (const line of recapOf(again.all)) assert.match(line, /changed=0 +unreachable=0 +failed=0/);
  assert.equal(recapOf(again.all).length, 3);
});

test('with one host down the others are judged, and nothing is done', () => {
  onHost('db1', 'rm -rf /root/.config/patroni');
  fanopsEnds(0, 'lab', 'kill', 'db3');
  try {
    const plan = fanopsEnds(4, 'plan', ...CLUSTER, '--json');
    assert.deepEqual([...new Set(planSteps(plan.stdout).map((s) => s.host))].sort(), ['db1', 'db2']);
    const applied = fanopsEnds(4, 'apply', ...CLUSTER, '--yes');
    assert.match(applied.all, /db3/);
    assert.match(recapOf(applied.all)[0] ?? '', /^db1 .*changed=0/);
    assert.equal(onHost('db1', 'test -e /root/.config/patroni || echo absent').trim(), 'absent');
  } finally {
    fanopsEnds(0, 'lab', 'start', 'db3');
  }
  const applied = fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  assert.match(recapOf(applied.all).join('\n'), /db1 .*changed=[1-9]/);
  assertHealthy();
});

test('a secret that one member lost is copied to it, never made anew', () => {
  const before = onHost('db1', `cat ${SECRET}`);
  onHost('db2', `rm ${SECRET}`);
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  for (const host of HOSTS) assert.equal(onHost(host, `cat ${SECRET}`), before, host);
});

test('a limit does not keep the other members from being asked for a secret', () => {
  const before = onHost('db2', `cat ${SECRET}`);
  onHost('db1', `rm ${SECRET}`);
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes', '--limit', 'db1');
  assert.equal(onHost('db1', `cat ${SECRET}`), before);
});

test('two values of one secret are refused, and nothing is written', () => {
  const before = onHost('db1', `cat ${SECRET}`);
  onHost('db2', `cp ${SECRET} /root/kept; printf 'other\\n' > ${SECRET}`);
  const applied = fanopsEnds(3, 'apply', ...CLUSTER, '--yes');
  assert.match(applied.all, /db1.*db2|db2.*db1/s);
  assert.doesNotMatch(applied.all, new RegExp(before.trim()));
  assert.equal(onHost('db1', `cat ${SECRET}`), before);
  assert.equal(onHost('db2', `cat ${SECRET}`).trim(), 'other');
  onHost('db2', `cp /root/kept ${SECRET}`);
});

test('a member whose disk is gone is rebuilt and joins', () => {
  fanopsEnds(0, 'lab', 'reset', 'db2');
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  assertHealthy();
  const again = fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  for (const line of recapOf(again.all)) assert.match(line, /changed=0/);
});

test('a new cluster is refused while a member holds data', () => {
  for (const host of HOSTS) onHost(host, 'systemctl stop patroni etcd');
  const refused = fanopsEnds(3, 'apply', ...CLUSTER, '--yes');
  assert.match(refused.all, /not empty/);
  for (const line of recapOf(refused.all)) assert.match(line, /changed=0/);
  for (const host of HOSTS) onHost(host, 'systemctl start --no-block etcd patroni');
});

test.run();
