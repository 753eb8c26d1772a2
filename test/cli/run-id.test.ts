import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newRunId } from '../../src/cli/run-id.ts';

test('the ids of runs sort as the runs began, also within one second', () => {
  const moments = ['59.000', '59.001', '59.009', '59.016', '59.100', '59.255', '59.256', '59.999'];
  const ids = moments.map((seconds) => newRunId(new Date(`2026-11-23T23:59:${seconds}Z`)));
  ids.push(newRunId(new Date('2026-11-24T00:00:00.000Z')));
  assert.equal(ids.toSorted(), ids);
  for (const id of ids) assert.match(id, /^202611\d\d-\d{6}-[0-9a-f]{7}$/);
});

test('runs of one millisecond have ids of their own', () => {
  const now = new Date(0);
  assert.ok(new Set(Array.from({ length: 8 }, () => newRunId(now))).size > 1);
});

test.run();
