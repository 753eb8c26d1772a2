// templates/cluster/etcd-rejoin.sh against an etcdctl that keeps notes: the calls, in order.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';

const test = suite('etcd-rejoin.sh');
const SCRIPT = fileURLToPath(new URL('../../templates/cluster/etcd-rejoin.sh', import.meta.url));
const OTHERS = 'http://192.0.2.12:2379,http://192.0.2.13:2379';
const PEER = 'http://192.0.2.11:2380';

const DB1 = `29, started, db1, ${PEER}, http://192.0.2.11:2379, false`;
const DB1_NEW = `32, unstarted, , ${PEER}, , false`;
const DB1_LEARNS = `32, started, db1, ${PEER}, http://192.0.2.11:2379, true`;

const DB3_LEARNS = '98, unstarted, , http://192.0.2.13:2380, , true';
const DB2 = '96, started, db2, http://192.0.2.12:2380, http://192.0.2.12:2379, false';
// An address that begins like the lost member's.
const DB110 = '97, started, db110, http://192.0.2.110:2380, http://192.0.2.110:2379, false';

interface Ran {
  readonly status: number | null;
  readonly calls: readonly string[];
  readonly stderr: string;
  /** What it leaves for the member's first start. */
  readonly initial: string;
}

function rejoin(members: readonly string[], failing: string, ...args: string[]): Ran {
  const dir = mkdtempSync(join(tmpdir(), 'fanops-rejoin-'));
  try {
    const stub = [
      '#!/bin/sh',
      `printf '%s %s\\n' "$ETCDCTL_ENDPOINTS" "$*" >>'${dir}/calls'`,
      `[ "$1" != '${failing}' ] && [ "$2" != '${failing}' ] || { echo 'context deadline exceeded' >&2; exit 1; }`,
      `[ "$2" != list ] || cat '${dir}/members'`,
    ];
    writeFileSync(join(dir, 'etcdctl'), `${stub.join('\n')}\n`);
    writeFileSync(join(dir, 'members'), members.map((line) => `${line}\n`).join(''));
    writeFileSync(join(dir, 'calls'), '');
    chmodSync(join(dir, 'etcdctl'), 0o755);
    const initial = join(dir, 'initial');
    const { status, stderr } = spawnSync('sh', [SCRIPT, ...args], {
      encoding: 'utf8',
      env: { PATH: `${dir}:/usr/bin:/bin`, ETCD_REJOIN_TRIES: '1', ETCD_REJOIN_INITIAL: initial },
    });
    const calls = readFileSync(join(dir, 'calls'), 'utf8').split('\n').filter(Boolean);
    return {
      status,
      stderr,
      initial: existsSync(initial) ? readFileSync(initial, 'utf8') : '',
      calls: calls.map((call) => call.replace(`${OTHERS} `, '')),
    };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const ASK = 'get --keys-only --limit=1 /';
const LIST = 'member list';
const ADD = `member add db1 --learner --peer-urls=${PEER}`;

const cases: readonly [string, readonly string[], string, number, readonly string[]][] = [
  [
    'a lost member is taken out and entered anew, as a learner',
    [DB1, DB2],
    '',
    0,
    [LIST, ASK, LIST, 'member remove 29', ADD, LIST],
  ],
  ['one that is entered and waits is left alone', [DB1_NEW, DB2], '', 0, [LIST, LIST]],
  ['and that even where its vote is missing for a quorum', [DB1_NEW, DB2], 'get', 0, [LIST, LIST]],
  ['one that is not known is entered', [DB2], '', 0, [LIST, ASK, LIST, ADD, LIST]],
  [
    'one that learned and lost its data is entered anew',
    [DB1_LEARNS, DB2],
    '',
    0,
    [LIST, ASK, LIST, 'member remove 32', ADD, LIST],
  ],
  ['an address that only begins the same is not touched', [DB110, DB2], '', 0, [LIST, ASK, LIST, ADD, LIST]],
  ['without a quorum nothing is taken out', [DB1, DB2], 'get', 1, [LIST, ASK]],
  ['when the members cannot be listed nothing is taken out', [DB1, DB2], 'list', 1, [LIST]],
  [
    'when it cannot be taken out it is not entered twice',
    [DB1, DB2],
    'remove',
    1,
    [LIST, ASK, LIST, 'member remove 29'],
  ],
  ['while another one learns nothing is changed', [DB1, DB2, DB3_LEARNS], '', 1, [LIST, ASK, LIST]],
];

for (const [title, members, failing, status, calls] of cases)
  test(title, () => {
    const ran = rejoin(members, failing, 'db1', PEER, OTHERS);
    assert.deepEqual(ran.calls, calls, ran.stderr);
    assert.equal(ran.status, status, ran.stderr);
  });

test('the one that learns is named, and what to do', () => {
  const ran = rejoin([DB2, DB3_LEARNS], '', 'db1', PEER, OTHERS);
  assert.match(ran.stderr, /http:\/\/192\.0\.2\.13:2380\) is entered .*etcdctl member remove 98/);
});

test('it starts among those that there are, itself by its name', () => {
  const ran = rejoin([DB1_NEW, DB2], '', 'db1', PEER, OTHERS);
  assert.equal(
    ran.initial,
    `ETCD_INITIAL_CLUSTER=db1=${PEER},db2=http://192.0.2.12:2380\nETCD_INITIAL_CLUSTER_STATE=existing\n`,
  );
});

test('a voter is not promoted', () => {
  const ran = rejoin([DB1, DB2], '', '--promote', PEER, OTHERS);
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual(ran.calls, [LIST]);
});

test('a learner that does not catch up is said not to vote', () => {
  const ran = rejoin([DB1_LEARNS, DB2], 'promote', '--promote', PEER, OTHERS);
  assert.equal(ran.status, 1);
  assert.deepEqual(ran.calls, [LIST, 'member promote 32']);
  assert.match(
    ran.stderr,
    /context deadline exceeded\nhttp:.* does not vote yet: look at "journalctl -u etcd"/,
  );
});

test('wrong arguments are refused before etcd is asked', () => {
  const ran = rejoin([DB1], '', 'db1', PEER);
  assert.equal(ran.status, 2);
  assert.match(ran.stderr, /usage: etcd-rejoin\.sh NAME\|--promote PEER_URL ENDPOINTS/);
  assert.deepEqual(ran.calls, []);
});

test.run();
