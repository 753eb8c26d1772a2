import * as assert from 'node:assert/strict';
import { suite } from 'uvu';
import type { Looked } from '../../src/core/fact.ts';
import { type DataDirectory, dataDirectoryFact } from '../../src/facts/data-directory.ts';
import { dataDirectoryFacts } from '../../src/resources/data-directory-facts.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite('data_directory_facts');
const PATH = '/var/lib/postgresql/15/fanatico';
const args = { path: PATH, members: 'db' };

function data(more: Partial<DataDirectory>): Looked<DataDirectory> {
  return value({
    state: 'in production',
    systemIdentifier: '7000000000000000001',
    timeline: 1,
    checkpoint: '0/5000060',
    minRecovery: '0/0',
    lastRecord: '',
    lastTimeline: 0,
    newestSegment: '000000010000000000000005',
    unarchived: 0,
    isRunning: false,
    ...more,
  });
}

function registered(members: { readonly [host: string]: Looked<DataDirectory> }) {
  const view = viewOfMembers(
    Object.fromEntries(
      Object.entries(members).map(([host, looked]) => [
        host,
        facts([dataDirectoryFact(PATH, '/usr/lib/postgresql/15/bin'), looked]),
      ]),
    ),
  );
  return dataDirectoryFacts.registered(args, dataDirectoryFacts.diff(args, view), [], view);
}

/** Who holds the newest data. */
const NEWEST: readonly [
  title: string,
  members: { readonly [host: string]: Looked<DataDirectory> },
  order: string[],
][] = [
  ['the later checkpoint', { db1: data({}), db2: data({ checkpoint: '0/6000028' }) }, ['db2', 'db1']],
  [
    'a position is a number, not a text',
    { db1: data({ checkpoint: '0/9000000' }), db2: data({ checkpoint: '0/10000000' }) },
    ['db2', 'db1'],
  ],
  [
    'the high half counts first',
    { db1: data({ checkpoint: '0/FF000000' }), db2: data({ checkpoint: '1/0' }) },
    ['db2', 'db1'],
  ],
  [
    'a later timeline, though it is less far',
    { db1: data({ checkpoint: '0/9000000' }), db2: data({ timeline: 2 }) },
    ['db2', 'db1'],
  ],
  [
    'a replica is as far as it has replayed',
    { db1: data({}), db2: data({ minRecovery: '0/5000100' }) },
    ['db2', 'db1'],
  ],
  [
    'the WAL of one that was cut off, though the checkpoint of another is later',
    { db1: data({ checkpoint: '0/6000028' }), db2: data({ lastRecord: '0/7000028', lastTimeline: 1 }) },
    ['db2', 'db1'],
  ],
  [
    'WAL of a later timeline, which its checkpoint has not come to',
    {
      db1: data({ lastRecord: '0/8000028', lastTimeline: 1 }),
      db2: data({ lastRecord: '0/7000028', lastTimeline: 2 }),
    },
    ['db2', 'db1'],
  ],
  ['alike: in the order of the group', { db1: data({}), db2: data({}) }, ['db1', 'db2']],
];

for (const [title, members, order] of NEWEST)
  test(`the newest: ${title}`, () => {
    const seen = registered(members);
    assert.deepEqual(seen.holding, order);
    assert.equal(seen.newest, order[0]);
  });

test('every host is in one list; what was not seen is not empty', () => {
  const seen = registered({
    db1: data({ isRunning: true }),
    db2: ABSENT,
    db3: unreadable('Permission denied'),
    db4: data({ systemIdentifier: '7000000000000000009', state: 'shut down' }),
  });
  assert.deepEqual(seen.holding, ['db1', 'db4']);
  assert.deepEqual(seen.running, ['db1']);
  assert.deepEqual(seen.empty, ['db2']);
  assert.deepEqual(seen.unseen, ['db3']);
  assert.deepEqual(seen.reasons, ['db3: Permission denied']);
  assert.deepEqual(seen.system_identifiers, ['7000000000000000001', '7000000000000000009']);
});

test('a group without data has no newest', () => {
  assert.equal(registered({ db1: ABSENT, db2: ABSENT }).newest, '');
});

test.run();
