// What the journal of a run says to whoever takes it up.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import type { ItemEnded, JournalEntry } from '../../src/core/journal.ts';
import { Past } from '../../src/engine/past.ts';

const ID = { task: 'p1.t1', host: 'db1', item: '' };
const TASK = { id: 'p1.t1', name: 'Restart', number: 1, resource: 'some', file: 'play.yml', line: 3 };

/** A batch of so many commands of one action, of which those with a status have ended. */
function sent(commands: number, statuses: readonly (number | null)[], outcome: string): JournalEntry[] {
  return [
    {
      type: 'batch-sent',
      host: 'db1',
      key: 'r.1',
      commands: Array.from({ length: commands }, (_, part) => ({
        id: ID,
        part,
        sha256: `digest-${part}`,
        action: 'run',
        isRead: false,
        task: TASK,
        label: '',
        display: 'a command',
        sensitive: false,
      })),
    },
    ...statuses.map((status, number): JournalEntry => {
      const result = { status, stdout: '', stderr: '', truncated: false, durationMs: 1 };
      return { type: 'command-ended', key: 'r.1', number, result };
    }),
    { type: 'batch-ended', key: 'r.1', outcome },
  ];
}

function ended(outcome: 'stopped' | 'failed'): ItemEnded {
  return {
    type: 'item-ended',
    id: ID,
    task: TASK,
    label: '',
    address: 'Restart',
    handler: false,
    outcome: 'failed',
    action: 'run',
    failure: { outcome, message: 'it did not come to its end' },
    durationMs: 1,
    effect: 'perhaps',
    keepers: [],
  };
}

for (const [what, statuses, end, known] of [
  ['stopped between two of its commands: the first has been done', [0], 'stopped', [0]],
  ['stopped in one of its commands: that one is done again', [0, 143], 'stopped', [0]],
  ['ended by the kernel, which leaves no status: done again', [0, null], 'stopped', [0]],
  ['failed: it is tried again as a whole', [0, 1], 'failed', []],
] as const)
  test(`an action of three commands was ${what}`, () => {
    const outcome = end === 'stopped' ? 'cancelled' : 'failed';
    const past = new Past([...sent(3, statuses, outcome), ended(end)]);
    assert.deepEqual(past.doubts(), []);
    assert.deepEqual(past.batches.unsettled(), []);
    assert.deepEqual([...past.batches.takeResults(ID, 'db1').keys()], known);
  });

test.run();
