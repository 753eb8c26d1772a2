// Runs that are taken up in the same process, with a journal in memory; test/faults does it by killing controllers.
import * as assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { type Session, Unreachable } from '../../src/core/session.ts';
import { applied, failure, withHosts } from '../support/applied.ts';
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

/** What a file beside the hosts' folders holds. */
function read({ dir }: LocalHosts, name: string): string {
  return readFileSync(join(dir, name), 'utf8');
}

/** That host cannot be reached. */
function without(host: string): (session: Session) => Session {
  return (session) => {
    if (session.host.name !== host) return session;
    void session.close();
    throw new Unreachable(host, `${host} has no power`);
  };
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

const ONCE = `
- hosts: db
  max_fail_percentage: 50
  ignore_unreachable: true
  tasks:
    - { name: keep, sensitive: true, file: { path: "{{ root }}/kept", content: x }, register: kept }
    - { name: gate, command: { argv: [sh, -c, '[ {{ inventory_hostname }} != h1 ] || test -e "$1"', sh, "${MENDED}"] } }
    - name: once
      run_once: true
      register: doer
      notify: tell
      command: { argv: [sh, -c, 'echo {{ inventory_hostname }} >> "$1"; echo {{ inventory_hostname }}', sh, "{{ root }}/../../once"] }
    - { name: use, file: { path: "{{ root }}/doer", content: "{{ doer.stdout }}" } }
  handlers:
    - { name: tell, run_once: true, command: { argv: [sh, -c, 'echo tell >> "$1"', sh, "{{ root }}/../../told"] } }
`;

test('what another one did for all, because the first had failed, is not done again by the first', () =>
  withHosts(3, async (hosts) => {
    const failed = await begin(hosts, ONCE);
    assert.equal(failed.outcome, 'failed');
    mend(hosts);
    assert.equal((await resume(hosts, ONCE, failed)).outcome, 'done');
    assert.equal(read(hosts, 'once'), 'h2\n');
    assert.equal(read(hosts, 'told'), 'tell\n');
    for (const host of hosts.names) assert.equal(read(hosts, `${host}/root/doer`), 'h2');
  }));

test('where the one that did it for all is not there any more, nobody else does it', () =>
  withHosts(3, async (hosts) => {
    const failed = await begin(hosts, ONCE);
    mend(hosts);
    const resumed = await resume(hosts, ONCE, failed, { through: without('h2') });
    assert.equal(resumed.outcome, 'unreachable');
    const said = resumed.events.map((event) => (event.type === 'warning' ? event.text : '')).join('');
    assert.match(said, /task 3 \(once\) was done by h2 for all/);
    assert.equal(read(hosts, 'once'), 'h2\n');
  }));

test('a host that could not be reached when the plan was approved is left out when the run is taken up', () =>
  withHosts(3, async (hosts) => {
    const playbook = `
- hosts: db
  ignore_unreachable: true
  tasks:
    - { name: gate, command: { argv: [test, -e, "${MENDED}"] } }
    - { name: make, command: { argv: [touch, "{{ root }}/made"] } }
`;
    const failed = await begin(hosts, playbook, { through: without('h3') });
    mend(hosts);
    const resumed = await resume(hosts, playbook, failed);
    assert.equal(resumed.outcome, 'unreachable');
    const made = hosts.names.filter((host) => existsSync(join(hosts.root(host), 'made')));
    assert.deepEqual(made, ['h1', 'h2']);
    const [said] = resumed.events.filter((event) => event.type === 'unreachable');
    assert.match(said?.type === 'unreachable' ? said.reason : '', /h3 was not in the plan .*: apply for it/);
  }));

test('a command that failed says how to go on: by resume, or what it means that there is no record', () =>
  withHosts(1, async (hosts) => {
    const playbook = `
- hosts: db
  tasks:
    - { name: first, command: { argv: [sh, -c, "echo first >> {{ root }}/count"] } }
    - { name: gate, command: { argv: [test, -e, "${MENDED}"] } }
`;
    const failed = await begin(hosts, playbook);
    assert.equal(failure(failed.events).next, `mend the cause, then: fanops resume ${failed.journal.run}`);
    const { events } = await applied(hosts, playbook);
    assert.equal(
      failure(events).next,
      'mend the cause; apply again runs it and every command before it again',
    );
    assert.equal(read(hosts, 'h1/root/count'), 'first\nfirst\n');
  }));

test.run();
