import * as assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import type { Session } from '../../src/core/session.ts';
import { ends, withHosts } from '../support/applied.ts';
import { localRun } from '../support/local-run.ts';

/** The operator stops the run while its host is looked at after its first batch. */
function stoppingAtALook(session: Session, stop: () => void): Session {
  let hasRun = false;
  return {
    ...session,
    host: session.host,
    hello: session.hello,
    stats: session.stats,
    strike: (handlers) => session.strike(handlers),
    takeLease: (wanted) => session.takeLease(wanted),
    dropLease: (run) => session.dropLease(run),
    lease: () => session.lease(),
    close: () => session.close(),
    probe(script, options) {
      if (hasRun) stop();
      return session.probe(script, options);
    },
    run(batch, listener) {
      hasRun = true;
      return session.run(batch, listener);
    },
  };
}

test('a run that is stopped while a host is looked at begins nothing more there', () =>
  withHosts(1, async (hosts) => {
    const stopping = new AbortController();
    const run = localRun(
      hosts,
      `
- hosts: db
  tasks:
    - { name: ask, command: { argv: [echo, said] }, register: asked }
    - { name: keep, file: { path: "{{ root }}/{{ asked.stdout }}", content: x } }
`,
      {
        signal: stopping.signal,
        through: (session) => stoppingAtALook(session, () => stopping.abort()),
      },
    );
    try {
      assert.equal(await run.apply(await run.plan()), 'stopped');
      assert.deepEqual(ends(run.events), ['h1 ask: changed']);
      assert.ok(stopping.signal.aborted && !existsSync(join(hosts.root('h1'), 'said')));
    } finally {
      await run.close();
    }
  }));

test.run();
