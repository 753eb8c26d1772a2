// A host that is rebooted: back, not back, never gone. The host is a script of answers, the clock is ours.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import type { CommandResult } from '../../src/core/command.ts';
import type { Failure } from '../../src/core/event.ts';
import { noJournal } from '../../src/core/journal.ts';
import { Masker } from '../../src/core/masker.ts';
import { Unreachable } from '../../src/core/session.ts';
import { comeBack } from '../../src/engine/come-back.ts';
import type { Decision } from '../../src/engine/decision.ts';
import { idOf } from '../../src/engine/item-id.ts';
import type { ItemOutcome } from '../../src/engine/item-outcome.ts';
import { Past } from '../../src/engine/past.ts';
import type { Run } from '../../src/engine/run.ts';

const COMMAND = { kind: 'reboot', boot: 'boot', withinMs: 10_000, display: 'wait' } as const;
const DECISION = { on: 'db1', host: 'db1', task: { position: {} } } as unknown as Decision;
const ASKED: ItemOutcome = {
  outcome: 'ok',
  outputs: [{ status: 0, stdout: 'first\n', stderr: '', truncated: false, durationMs: 1 }],
};

/** What the host answers, one look after the other; the last for ever. `gone`: contact is lost. */
async function rebooted(answers: readonly string[], asked = ASKED, signal?: AbortSignal) {
  let now = 0;
  const left = [...answers];
  const lost: string[] = [];
  const said: string[] = [];
  const session = {
    async probe() {
      const answer = (left.length > 1 ? left.shift() : left[0]) ?? '';
      if (answer === 'gone') throw new Unreachable('db1', 'db1 refuses the connection');
      return { status: 0, stdout: Buffer.from(`${answer}\n`), stderr: '' };
    },
  };
  const run = {
    signal,
    journal: noJournal('r'),
    masker: new Masker(),
    contacts: { session: () => session, lose: (host: string) => lost.push(host) },
    ground: { facts: { forget: () => undefined } },
    clock: {
      now: () => now,
      async sleep(ms: number) {
        now += ms;
      },
    },
    emit: (event: { text?: string }) => said.push(event.text ?? ''),
  } as unknown as Run;
  const outcome = await comeBack(run, DECISION, COMMAND, async () => asked);
  return { outcome, lost, said };
}

test('it is done when the host answers and runs since another start', async () => {
  const { outcome, said, lost } = await rebooted(['first', 'gone', 'gone', 'second']);
  assert.equal(outcome.outcome, 'changed');
  assert.deepEqual(said, [
    'it has not gone down yet, 0 s',
    'db1 refuses the connection, 2 s',
    'db1 refuses the connection, 4 s',
  ]);
  assert.deepEqual(lost, []);
});

test('one that does not come back is unreachable, and the reason is what was seen last', async () => {
  const { outcome, lost } = await rebooted(['first', 'gone']);
  assert.equal(outcome.failure?.outcome, 'unreachable');
  assert.equal(
    outcome.failure?.message,
    'waited 10 s for db1 to come back; last: db1 refuses the connection',
  );
  assert.deepEqual(lost, ['db1']);
});

test('one that never goes down has run out of time, and is not lost', async () => {
  const { outcome, lost } = await rebooted(['first']);
  assert.equal(outcome.failure?.outcome, 'timed-out');
  assert.match(outcome.failure?.message ?? '', /it answers, but still runs since the same start$/);
  assert.deepEqual(lost, []);
});

test('^C ends the waiting, and one that refuses to reboot is not waited for', async () => {
  const stopped = await rebooted(['gone'], ASKED, AbortSignal.abort());
  assert.equal(stopped.outcome.failure?.outcome, 'stopped');
  const refused: ItemOutcome = {
    outcome: 'failed',
    outputs: [],
    failure: { outcome: 'failed', message: 'no' },
  };
  assert.deepEqual((await rebooted(['first'], refused)).outcome, refused);
});

test('one that was stopped while it waited waits on when it is taken up, and is not rebooted a second time', async () => {
  const { outcome } = await rebooted(['gone'], ASKED, AbortSignal.abort());
  const id = idOf(DECISION);
  const command = {
    id,
    part: 0,
    sha256: 'digest',
    action: 'run',
    isRead: false,
    label: '',
    sensitive: false,
  };
  const task = { id: 'p1.t1', name: 'Reboot', number: 1, resource: 'reboot', file: 'play.yml', line: 1 };
  const past = new Past([
    { type: 'batch-sent', host: 'db1', key: 'r.1', commands: [{ ...command, task, display: 'reboot' }] },
    { type: 'command-ended', key: 'r.1', number: 0, result: ASKED.outputs[0] as CommandResult },
    { type: 'batch-ended', key: 'r.1', outcome: 'done' },
    {
      type: 'item-ended',
      id,
      task,
      label: '',
      address: '',
      handler: false,
      outcome: 'failed',
      action: 'run',
      failure: outcome.failure as Failure,
      durationMs: 1,
      effect: 'perhaps',
      keepers: [],
    },
  ]);
  const known = [...past.batches.takeResults(id, 'db1').values()].map(({ result }) => result);
  assert.deepEqual(known, ASKED.outputs);
  assert.equal((await rebooted(['gone', 'second'], { ...ASKED, outputs: known })).outcome.outcome, 'changed');
});

test.run();
