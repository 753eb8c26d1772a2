import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import { type Session, Unreachable } from '../../src/core/session.ts';
import { ends, failure, recap, withHosts } from '../support/applied.ts';
import { localRun } from '../support/local-run.ts';

/** Contact is lost for good when the second command of a batch has begun. */
function lostInTheSecond(session: Session): Session {
  return {
    ...session,
    host: session.host,
    hello: session.hello,
    stats: session.stats,
    probe: (script, options) => session.probe(script, options),
    strike: (handlers) => session.strike(handlers),
    takeLease: (wanted) => session.takeLease(wanted),
    dropLease: (run) => session.dropLease(run),
    lease: () => session.lease(),
    close: () => session.close(),
    async run({ commands }, listener) {
      const [first, second] = commands;
      listener.started?.(first?.id ?? '');
      listener.finished?.(first?.id ?? '', {
        status: 0,
        stdout: '',
        stderr: '',
        truncated: false,
        durationMs: 1,
      });
      listener.started?.(second?.id ?? '');
      throw new Unreachable(session.host.name, 'the line is dead');
    },
  };
}

test('of a batch whose host is lost the task that had begun is blamed, and those before it are unknown', () =>
  withHosts(1, async (hosts) => {
    const run = localRun(
      hosts,
      `
- hosts: db
  tasks:
    - { name: one, command: "true", notify: H }
    - { name: two, command: "true" }
    - { name: three, command: "true" }
  handlers:
    - { name: H, command: "true" }
`,
      { through: lostInTheSecond },
    );
    try {
      const outcome = await run.apply(await run.plan());
      assert.equal(outcome, 'unreachable');
      assert.deepEqual(ends(run.events), ['h1 one: unknown', 'h1 two: unreachable']);
      assert.match(failure(run.events).message, /the line is dead/);
      assert.deepEqual(recap(run.events).pendingHandlers, { h1: ['H'] });
      assert.equal(recap(run.events).recap.h1?.ok, 0);
    } finally {
      await run.close();
    }
  }));

test.run();
