// Members that lead at once, do not agree or are paused: what the recovery runbooks say then.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Value } from '../../src/core/value.ts';
import { broken, DEAD, LATE, LED, PAUSED, runbookOf, SPLIT, stepOf } from './recovery-runbook.ts';

const WHOLE = [
  ['recover-cluster', 'Look whether a restore is needed, and whether it can be done'],
  ['recover-s3', 'Look what S3 holds, and whether anything newer is left'],
] as const;

const DISAGREE = /the members do not agree: the leader: db1 says /;

for (const [name, first] of WHOLE) {
  const runbook = runbookOf(name, [], { discard_survivors: true });
  const stopped = (seen: Value): string =>
    runbook.invariants.flatMap((checks) => broken(checks, { cluster: seen })).join('; ');
  const refused = (seen: Value): string =>
    broken(stepOf(runbook, first).guard, { cluster: seen })
      .filter((text) => /agree|paused/.test(text))
      .join('; ');

  test(`${name}.yml stops where two lead, whatever may be discarded`, () => {
    assert.match(stopped(SPLIT), /^db1 and db2 lead at once, and take writes\./);
    for (const fine of [LED, LATE, PAUSED, DEAD]) assert.equal(stopped(fine), '');
  });

  test(`${name}.yml is refused where members do not agree or are paused, whatever may be discarded`, () => {
    for (const seen of [SPLIT, LATE]) assert.match(refused(seen), DISAGREE);
    assert.match(refused(PAUSED), /^Patroni is paused: .*patronictl resume/);
    for (const fine of [LED, DEAD]) assert.equal(refused(fine), '');
  });
}

test('recover-node.yml says what is the matter, not that nobody leads', () => {
  const { invariants } = runbookOf('recover-node');
  const stopped = (seen: Value): string =>
    invariants.flatMap((checks) => broken(checks, { cluster: seen })).join('; ');
  assert.match(stopped(SPLIT), /db1 and db2 lead at once.*; the members do not agree/);
  assert.match(stopped(LATE), /^the members do not agree: .* diagnose.yml says what to do$/);
  assert.match(stopped(DEAD), /^nobody leads, so there is nobody to clone from/);
  assert.equal(stopped(LED), '');
});

test.run();
