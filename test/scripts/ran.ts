// How a run of a script must have ended.
import * as assert from 'node:assert/strict';
import type { Ran } from './backup-host.ts';

export function succeeded(ran: Ran): Ran {
  assert.equal(ran.status, 0, ran.stderr + ran.stdout);
  return ran;
}

/** With this status, and a reason that a person understands. */
export function refused(ran: Ran, status: number, reason: RegExp): Ran {
  assert.match(ran.stderr, reason);
  assert.equal(ran.status, status, ran.stderr);
  return ran;
}
