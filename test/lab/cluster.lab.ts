// The main job on real hosts: playbooks/cluster.yml from pristine machines to a healthy Patroni cluster.
import * as assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import {
  assertUnchanged,
  CLUSTER,
  clusterSettles,
  type Ended,
  fanopsEnds,
  HOSTS,
  leader,
  onHost,
  recapOf,
  standbysStream,
  textOn,
} from './on-lab.ts';

const SECRET = '/etc/fanatico/secrets/postgres-superuser';

interface Step {
  readonly host: string;
  readonly address: string;
  readonly skipped?: string;
  readonly task: { readonly number: number; readonly name: string };
  readonly change: { readonly action: string; readonly risk: string };
}

function planSteps({ stdout }: Ended): readonly Step[] {
  return (JSON.parse(stdout.toString()) as { plays: { steps: Step[] }[] }).plays.flatMap(
    (play) => play.steps,
  );
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
  const text = textOn(
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

function assertHealthy(): void {
  clusterSettles();
  standbysStream(leader());
}

/** Task and host of every line that says that something was changed. */
function changesTold({ all }: Ended): Set<string> {
  const lines = all.matchAll(/^changed: \[(db\d)\] (?:handler )?(\d+)\. /gm);
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
  named = planSteps(plan);
  const unknown = named.filter((s) => s.change.action === 'unknown').length;
  console.log(`  ${named.length} steps, ${named.filter(isNamedChange).length} changes, ${unknown} unknown`);
  assert.ok(named.filter(isNamedChange).length > 20, 'a bare host needs more than that');
});

test('apply turns them into a healthy cluster, as planned', () => {
  const applied = fanopsEnds(0, 'apply', ...CLUSTER, '--yes', '--stats');
  assert.equal(recapOf(applied).length, 3, applied.all.slice(-2000));
  const done = changesTold(applied);
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
  const left = planSteps(plan).filter((s) => s.change.action !== 'none');
  assert.deepEqual(left, []);
});

test('applied again it changes nothing, with few waits', () => {
  const again = fanopsEnds(0, 'apply', ...CLUSTER, '--yes', '--stats');
  assertUnchanged(again);
  assert.equal(recapOf(again).length, 3);
});

test('with one host down the others are judged, and nothing is done', () => {
  onHost('db1', 'rm -rf /root/.config/patroni');
  fanopsEnds(0, 'lab', 'kill', 'db3');
  try {
    const plan = fanopsEnds(4, 'plan', ...CLUSTER, '--json');
    assert.deepEqual([...new Set(planSteps(plan).map((s) => s.host))].sort(), ['db1', 'db2']);
    const applied = fanopsEnds(4, 'apply', ...CLUSTER, '--yes');
    assert.match(applied.all, /db3/);
    assert.match(recapOf(applied)[0] ?? '', /^db1 .*changed=0/);
    assert.equal(textOn('db1', 'test -e /root/.config/patroni || echo absent'), 'absent');
  } finally {
    fanopsEnds(0, 'lab', 'start', 'db3');
  }
  const applied = fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  assert.match(recapOf(applied).join('\n'), /db1 .*changed=[1-9]/);
  assertHealthy();
});

test('a secret that one member lost is copied to it, never made anew', () => {
  const before = textOn('db1', `cat ${SECRET}`);
  onHost('db2', `rm ${SECRET}`);
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  for (const host of HOSTS) assert.equal(textOn(host, `cat ${SECRET}`), before, host);
});

test('a limit does not keep the other members from being asked for a secret', () => {
  const before = textOn('db2', `cat ${SECRET}`);
  onHost('db1', `rm ${SECRET}`);
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes', '--limit', 'db1');
  assert.equal(textOn('db1', `cat ${SECRET}`), before);
});

test('two values of one secret are refused, and nothing is written', () => {
  const before = textOn('db1', `cat ${SECRET}`);
  onHost('db2', `cp ${SECRET} /root/kept; printf 'other\\n' > ${SECRET}`);
  const applied = fanopsEnds(3, 'apply', ...CLUSTER, '--yes');
  assert.match(applied.all, /db1.*db2|db2.*db1/s);
  assert.doesNotMatch(applied.all, new RegExp(before));
  assert.equal(textOn('db1', `cat ${SECRET}`), before);
  assert.equal(textOn('db2', `cat ${SECRET}`), 'other');
  onHost('db2', `cp /root/kept ${SECRET}`);
});

test('a member whose disk is gone is rebuilt and joins', () => {
  fanopsEnds(0, 'lab', 'reset', 'db2');
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  assertHealthy();
  const again = fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  assertUnchanged(again);
});

test('a new cluster is refused while a member holds data', () => {
  for (const host of HOSTS) onHost(host, 'systemctl stop patroni etcd');
  const refused = fanopsEnds(3, 'apply', ...CLUSTER, '--yes');
  assert.match(refused.all, /not empty/);
  for (const line of recapOf(refused)) assert.match(line, /changed=0/);
  for (const host of HOSTS) onHost(host, 'systemctl start --no-block etcd patroni');
});

test.run();
