// templates/recovery/start-etcd.sh against programs that keep notes: the calls in order, and what is left on the disk.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';

const SCRIPT = fileURLToPath(new URL('../../templates/recovery/start-etcd.sh', import.meta.url));
const PEER = 'http://192.0.2.11:2380';
const OTHER = 'http://192.0.2.12:2379';

const ENTERS = `rejoin db1 ${PEER} ${OTHER}`;
const PROMOTES = `rejoin --promote ${PEER} ${OTHER}`;
const START = 'systemctl start etcd';

const test = suite<{ dir: string }>('start-etcd.sh');

test.before.each((context) => {
  const dir = mkdtempSync(join(tmpdir(), 'fanops-start-etcd-'));
  context.dir = dir;
  for (const name of ['systemctl', 'etcdctl', 'rejoin']) {
    writeFileSync(join(dir, name), `#!/bin/sh\nprintf '%s %s\\n' ${name} "$*" >>'${dir}/calls'\n`);
    chmodSync(join(dir, name), 0o755);
  }
  writeFileSync(
    join(dir, 'settings'),
    `ETCD_NAME=db1\nETCD_DATA_DIR=${dir}/etcd\nETCD_INITIAL_ADVERTISE_PEER_URLS=${PEER}\nETCD_INITIAL_CLUSTER_TOKEN=ours\n`,
  );
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

/** The calls that change something. */
function started(dir: string, ...args: string[]): readonly string[] {
  const { status, stderr } = spawnSync('bash', [SCRIPT, ...args], {
    encoding: 'utf8',
    env: {
      PATH: `${dir}:/usr/bin:/bin`,
      START_ETCD_SETTINGS: join(dir, 'settings'),
      START_ETCD_REJOIN: join(dir, 'rejoin'),
      START_ETCD_RUN: dir,
    },
  });
  assert.equal(status, 0, stderr);
  const calls = readFileSync(join(dir, 'calls'), 'utf8').split('\n');
  return calls.filter((call) => call.startsWith('rejoin') || /^systemctl (start|stop)/.test(call));
}

const mayStartEmpty = (dir: string): boolean => existsSync(join(dir, 'fanatico-etcd-may-start-empty'));

test('a member without data is entered, started, and gets its vote', ({ dir }) => {
  assert.deepEqual(started(dir, OTHER), [ENTERS, START, PROMOTES]);
  assert.ok(mayStartEmpty(dir));
});

test('one with data is started, and gets a vote that it did not get before', ({ dir }) => {
  mkdirSync(join(dir, 'etcd/member/wal'), { recursive: true });
  assert.deepEqual(started(dir, OTHER), [START, PROMOTES]);
  assert.ok(!mayStartEmpty(dir));
});

test('what a failed start has left is moved aside, and it is entered', ({ dir }) => {
  mkdirSync(join(dir, 'etcd/member/snap'), { recursive: true });
  writeFileSync(join(dir, 'etcd/member/snap/db'), 'left');
  assert.deepEqual(started(dir, OTHER), ['systemctl stop etcd', ENTERS, START, PROMOTES]);
  const [aside = ''] = readdirSync(dir).filter((name) => name.startsWith('etcd.before-recovery-'));
  assert.equal(readFileSync(join(dir, aside, 'member/snap/db'), 'utf8'), 'left');
});

test('without others it founds a cluster with a token of its own; once it has, it only starts', ({ dir }) => {
  assert.deepEqual(started(dir), [START]);
  assert.match(
    readFileSync(join(dir, 'fanatico-etcd-initial.env'), 'utf8'),
    /^ETCD_INITIAL_CLUSTER=db1=http:.*:2380\nETCD_INITIAL_CLUSTER_STATE=new\nETCD_INITIAL_CLUSTER_TOKEN=ours-\d{8}_\d{6}\n$/,
  );
  rmSync(join(dir, 'fanatico-etcd-initial.env'));
  mkdirSync(join(dir, 'etcd/member/wal'), { recursive: true });
  assert.deepEqual(started(dir), [START, START]);
  assert.ok(!existsSync(join(dir, 'fanatico-etcd-initial.env')));
});

test.run();
