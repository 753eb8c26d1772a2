// What --from goes by: the `verify` of the last step that it leaves out says what must hold there.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Value } from '../../src/core/value.ts';
import { broken, cluster, patroni, type Registers, runbookOf, stepOf } from './recovery-runbook.ts';

const ASIDE = 'Move the data of the other nodes aside';
const ARCHIVE = 'Give the cluster an archive of its own';
const MARKER = 'Keep Patroni from starting';

const RESTORED = { host: 'db1', state: 'shut down', running: false };
const EMPTY = { fulls: [], wal: { count: 0 }, cluster_json: null };

/** All is as it must be before the primary is started. */
const READY: Registers = {
  cluster: cluster({}),
  data: { members: [RESTORED], holding: ['db1'], running: [], empty: ['db2', 'db3'] },
  marker: { filled: ['db1', 'db2', 'db3'] },
  backups: { members: { db1: EMPTY, db2: EMPTY, db3: EMPTY } },
};

const mute: Value = cluster({ db3: { state: 'unreadable', reason: 'no answer' } });

const SPOILT: readonly (readonly [title: string, steps: readonly string[], seen: Registers])[] = [
  ['the marker is not on every node', [MARKER, ASIDE, ARCHIVE], { marker: { filled: ['db1', 'db2'] } }],
  ['a Patroni could not be asked', [MARKER, ASIDE, ARCHIVE], { cluster: mute }],
  [
    'a Patroni runs',
    [MARKER, ASIDE, ARCHIVE],
    { cluster: cluster({ db3: patroni('db3', '', { members: [] }) }) },
  ],
  [
    'another node has its data still',
    [ASIDE, ARCHIVE],
    { data: { members: [RESTORED], holding: ['db1', 'db3'], running: [], empty: ['db2'] } },
  ],
  [
    'another node could not be looked at',
    [ASIDE, ARCHIVE],
    { data: { members: [RESTORED], holding: ['db1'], running: [], empty: ['db2'] } },
  ],
  [
    'the target was not left shut down',
    [ASIDE, ARCHIVE],
    {
      data: {
        members: [{ ...RESTORED, state: 'in production' }],
        holding: ['db1'],
        running: [],
        empty: ['db2', 'db3'],
      },
    },
  ],
  [
    'an archive of another cluster is in the way',
    [ARCHIVE],
    { backups: { members: { db1: EMPTY, db2: EMPTY, db3: { ...EMPTY, wal: { count: 7 } } } } },
  ],
  ['an archive could not be looked at', [ARCHIVE], { backups: { members: { db1: EMPTY, db2: EMPTY } } }],
];

for (const name of ['recover-cluster', 'recover-s3']) {
  const runbook = runbookOf(name);
  const verified = runbook.steps.filter((step) => [MARKER, ASIDE, ARCHIVE].includes(step.name));

  test(`${name}.yml goes by the step before the point of no return`, () => {
    const index = runbook.steps.findIndex(({ pointOfNoReturn }) => pointOfNoReturn);
    assert.equal(runbook.steps[index - 1]?.name, name === 'recover-s3' ? ARCHIVE : ASIDE);
    for (const { verify } of verified) assert.deepEqual(broken(verify, READY), []);
  });

  for (const [title, steps, seen] of SPOILT)
    test(`${name}.yml does not begin behind a step where ${title}`, () => {
      for (const step of verified.filter((one) => steps.includes(one.name)))
        assert.equal(broken(step.verify, { ...READY, ...seen }).length, 1, step.name);
    });

  test(`${name}.yml neither restores, moves aside nor starts while a Patroni runs or could not be asked`, () => {
    const changing = ['Restore on the target', ASIDE, ARCHIVE, 'Start the primary'];
    const guarded = runbook.steps.filter((step) => changing.includes(step.name));
    assert.equal(guarded.length, name === 'recover-s3' ? 4 : 3);
    for (const { guard } of guarded) {
      assert.deepEqual(broken(guard, READY), []);
      assert.match(broken(guard, { cluster: mute }).join(), /a Patroni runs, or could not be looked for/);
    }
  });

  test(`${name}.yml asks nothing of a node that is lost`, () => {
    const left = {
      cluster: cluster({}, ['db1', 'db2']),
      data: { ...(READY.data as object), empty: ['db2'] },
      marker: { filled: ['db1', 'db2'] },
      backups: { members: { db1: EMPTY, db2: EMPTY } },
    };
    const { steps } = runbookOf(name, ['db3']);
    for (const { name: step, verify } of steps)
      if ([MARKER, ASIDE, ARCHIVE].includes(step)) assert.deepEqual(broken(verify, left), [], step);
  });
}

/** What comes next writes: the lock in the DCS alone is not enough. */
const LEADS = [
  ['recover-cluster', 'Start the primary'],
  ['recover-s3', 'Start the primary'],
  ['recover-etcd', 'Let Patroni lead where the newest data is'],
] as const;

for (const [name, step] of LEADS)
  test(`${name}.yml goes on only where the new leader takes writes`, () => {
    const { verify } = stepOf(runbookOf(name), step);
    const elected = cluster({ db1: patroni('db1', 'db1', { role: 'replica' }) });
    assert.equal(broken(verify, { cluster: elected }).length, 1);
    assert.deepEqual(broken(verify, { cluster: cluster({ db1: patroni('db1', 'db1') }) }), []);
  });

test.run();
