// Hosts that cannot be reached keep all from beginning, unless the play goes without them.
import * as assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { withHosts } from '../support/applied.ts';
import { localRun } from '../support/local-run.ts';

const UNREACHABLE = { ansible_connection: 'ssh', ansible_host: '127.0.0.1', ansible_port: 1 };
const TASKS = 'tasks: [{ name: mark, file: { path: "{{ root }}/mark", content: x } }]';

for (const [plays, marked] of [
  [[`hosts: db\n  ${TASKS}`], false],
  [[`hosts: db\n  ignore_unreachable: true\n  ${TASKS}`], true],
  [[`hosts: db\n  ignore_unreachable: true\n  ${TASKS}`, `hosts: h2\n  ${TASKS}`], false],
] as const)
  test(`h2 away, ${marked ? 'h1 goes on' : 'nothing is done'}: ${plays.join(', ')}`, () =>
    withHosts(2, async (hosts) => {
      const playbook = plays.map((play) => `- ${play}\n`).join('');
      const run = localRun(hosts, playbook, { hostVars: (host) => (host === 'h2' ? UNREACHABLE : {}) });
      try {
        const plan = await run.plan();
        assert.equal(plan.unreachable.length, 1);
        assert.equal(await run.apply(plan), 'unreachable');
      } finally {
        await run.close();
      }
      assert.equal(existsSync(join(hosts.root('h1'), 'mark')), marked);
    }));

test.run();
