import * as assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { applied, ends, withHosts } from '../support/applied.ts';
import { type LocalHosts, localRun } from '../support/local-run.ts';

const lines = (hosts: LocalHosts): number =>
  readFileSync(join(hosts.root('h1'), 'n'), 'utf8').split('\n').length - 1;

test('a task with "until" is repeated though another task stands before it in the same stretch', () =>
  withHosts(1, async (hosts) => {
    const { outcome, events } = await applied(
      hosts,
      `
- hosts: h1
  tasks:
    - { name: before, command: "true" }
    - name: third time
      command: { argv: [sh, -c, 'echo x >> "$1"; test $(wc -l < "$1") -ge 3', x, "{{ root }}/n"] }
      until: result.status == 0
      delay: 10ms
    - { name: behind, command: "true" }
`,
    );
    assert.equal(outcome, 'done');
    assert.deepEqual(ends(events), ['h1 before: changed', 'h1 third time: changed', 'h1 behind: changed']);
    assert.equal(lines(hosts), 3);
  }));

test('the first ^C between two attempts ends the repetition at once, as stopped', () =>
  withHosts(1, async (hosts) => {
    const stopping = new AbortController();
    const run = localRun(
      hosts,
      `
- hosts: h1
  tasks:
    - name: never
      command: { argv: [sh, -c, 'echo x >> "$1"; false', x, "{{ root }}/n"] }
      until: result.status == 0
      delay: 60s
`,
      { signal: stopping.signal },
    );
    try {
      const plan = await run.plan();
      const applying = run.apply(plan);
      while (!run.events.some((event) => event.type === 'status'))
        await new Promise((done) => setTimeout(done, 20));
      stopping.abort();
      assert.equal(await applying, 'stopped');
      assert.equal(lines(hosts), 1);
    } finally {
      await run.close();
    }
  }));

test.run();
