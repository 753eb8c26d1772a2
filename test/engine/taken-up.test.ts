// Runs that are taken up in the same process, with a journal in memory; test/faults does it by killing controllers.
import * as assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { withHosts } from '../support/applied.ts';
import { type LocalHosts, type LocalRun, localRun } from '../support/local-run.ts';
import { type MemoryJournal, memoryJournal, takenUp } from '../support/memory-journal.ts';

type More = Omit<NonNullable<Parameters<typeof localRun>[2]>, 'journal'>;

async function begin(hosts: LocalHosts, playbook: string, more: More = {}) {
  const journal = memoryJournal();
  const run = localRun(hosts, playbook, { ...more, journal });
  return end(run, journal, await run.apply(await run.plan()));
}

type Ended = Awaited<ReturnType<typeof begin>>;

async function resume(hosts: LocalHosts, playbook: string, before: Ended, more: More = {}): Promise<Ended> {
  const journal = takenUp(before.journal);
  const run = localRun(hosts, playbook, { ...more, journal });
  return end(run, journal, await run.resume());
}

async function end(run: LocalRun, journal: MemoryJournal, outcome: string) {
  await run.close();
  return { journal, outcome, events: run.events };
}

function mend({ dir }: LocalHosts): void {
  writeFileSync(join(dir, 'mended'), '');
}

const MENDED = '{{ root }}/../../mended';

test('what one does for all and fails: the others do what is behind it (always) again, too', () =>
  withHosts(2, async (hosts) => {
    const playbook = `
- hosts: db
  tasks:
    - block:
        - { name: check, run_once: true, command: { argv: [test, -e, "${MENDED}"] }, changed_when: false }
        - { name: begin, command: { argv: [touch, "{{ root }}/maintenance"] } }
      always:
        - { name: end, command: { argv: [rm, -f, "{{ root }}/maintenance"] } }
`;
    const failed = await begin(hosts, playbook);
    assert.equal(failed.outcome, 'failed');
    mend(hosts);
    assert.equal((await resume(hosts, playbook, failed)).outcome, 'done');
    for (const host of hosts.names) assert.ok(!existsSync(join(hosts.root(host), 'maintenance')), host);
  }));

test.run();
