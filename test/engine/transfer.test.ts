// Files of one host are copied to another: streamed, verified, replaced whole, and only where they differ.
import * as assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { actions, applied, ends, failure, withHosts } from '../support/applied.ts';
import type { LocalHosts } from '../support/local-run.ts';
import { localRun } from '../support/local-run.ts';

const ODD = "o'dd $(x) näme";

const PLAYBOOK = `
- hosts: h1
  tasks:
    - name: copy
      transfer: { from: h2, src: "{{ hostvars.h2.root }}/${ODD}", dest: "{{ root }}/-rf '$x'" }
      register: copied
      notify: tell
    - { name: note, file: { path: "{{ root }}/note", content: "{{ copied.files.0.sha256 }}" } }
  handlers:
    - { name: tell, file: { path: "{{ root }}/told", content: told } }
`;

/** More than any buffer on the way, and not text. */
const BYTES = Buffer.concat(
  Array.from({ length: 100_000 }, (_, n) => createHash('sha256').update(`${n}`).digest()),
);
const source = (hosts: LocalHosts): string => join(hosts.root('h2'), ODD);
const target = (hosts: LocalHosts): string => join(hosts.root('h1'), "-rf '$x'");

test('a file comes byte for byte, keeps the attributes that are there, and does not come twice', () =>
  withHosts(2, async (hosts) => {
    writeFileSync(source(hosts), BYTES);
    const first = await applied(hosts, PLAYBOOK);
    assert.equal(first.outcome, 'done');
    assert.ok(readFileSync(target(hosts)).equals(BYTES));
    assert.equal(statSync(target(hosts)).mode & 0o777, 0o600);
    const sum = createHash('sha256').update(BYTES).digest('hex');
    assert.equal(readFileSync(join(hosts.root('h1'), 'note'), 'utf8'), sum);
    assert.equal(readFileSync(join(hosts.root('h1'), 'told'), 'utf8'), 'told');

    const second = await applied(hosts, PLAYBOOK);
    assert.deepEqual(actions(second.plan), ['h1 copy: none', 'h1 note: none']);

    writeFileSync(source(hosts), 'new');
    chmodSync(target(hosts), 0o640);
    assert.equal((await applied(hosts, PLAYBOOK)).outcome, 'done');
    assert.equal(readFileSync(target(hosts), 'utf8'), 'new');
    assert.equal(statSync(target(hosts)).mode & 0o777, 0o640);
  }));

test('of many files only those come that differ', () =>
  withHosts(2, async (hosts) => {
    for (const name of ['a', 'b', 'c']) writeFileSync(join(hosts.root('h2'), name), name);
    writeFileSync(join(hosts.root('h1'), 'b'), 'b');
    const files = ['a', 'b', 'c'].map(
      (n) => `{ src: "{{ hostvars.h2.root }}/${n}", dest: "{{ root }}/${n}" }`,
    );
    const playbook = `[{ hosts: h1, tasks: [{ name: copy, transfer: { from: h2, files: [${files}] } }] }]`;
    const { plan, outcome } = await applied(hosts, playbook);
    const [step] = plan.plays[0]?.steps ?? [];
    assert.equal(step?.change.reason, 'copies 2 files from h2');
    assert.equal(outcome, 'done');
    for (const name of ['a', 'b', 'c'])
      assert.equal(readFileSync(join(hosts.root('h1'), name), 'utf8'), name);
  }));

test('what another host of the play makes before it comes too, and the plan says that it waits for it', () =>
  withHosts(2, async (hosts) => {
    writeFileSync(source(hosts), 'old');
    const playbook = `
- hosts: db
  tasks:
    - name: make
      command: { argv: [sh, -c, 'sleep 0.3; echo new > "$1"', x, "{{ root }}/${ODD}"] }
      when: inventory_hostname == "h2"
    - name: copy
      transfer: { from: h2, src: "{{ hostvars.h2.root }}/${ODD}", dest: "{{ root }}/copy" }
      when: inventory_hostname == "h1"
`;
    const { plan, outcome, events } = await applied(hosts, playbook);
    assert.ok(actions(plan).includes('h1 copy: unknown'), actions(plan).join());
    assert.equal(outcome, 'done', ends(events).join());
    assert.equal(readFileSync(join(hosts.root('h1'), 'copy'), 'utf8'), 'new\n');
  }));

test('what cannot be copied says why, names the host, and leaves nothing behind', () =>
  withHosts(2, async (hosts) => {
    const cases: readonly (readonly [prepare: () => void, expected: RegExp])[] = [
      [() => undefined, /o'dd \$\(x\) näme does not exist on h2$/],
      [
        () => {
          writeFileSync(source(hosts), 'x');
          writeFileSync(join(hosts.root('h1'), 'file'), '');
        },
        /directory .*\/gone does not exist/,
      ],
    ];
    const playbook = PLAYBOOK.replace("/-rf '$x'", '/gone/x');
    for (const [prepare, expected] of cases) {
      prepare();
      const { outcome, plan } = await applied(hosts, playbook);
      assert.equal(outcome, 'failed');
      assert.match(plan.plays[0]?.steps[0]?.change.reason ?? '', expected);
    }
    assert.throws(() => readdirSync(join(hosts.root('h1'), 'gone')));
    const run = localRun(hosts, PLAYBOOK.replace('from: h2', 'from: h9'));
    await assert.rejects(run.plan(), /expected a host of .*, found "h9"/);
    await run.close();
  }));

test('a source that changes under way replaces nothing, and the handler stays noted for the next run', () =>
  withHosts(2, async (hosts) => {
    writeFileSync(source(hosts), BYTES);
    const run = localRun(hosts, PLAYBOOK, {});
    try {
      const plan = await run.plan();
      const seen = run.apply(plan);
      // Between its last look and the stream: as soon as the stream begins.
      while (!run.events.some((e) => e.type === 'begin' && e.task.name === 'copy'))
        await new Promise((resolve) => setImmediate(resolve));
      writeFileSync(source(hosts), 'other');
      assert.equal(await seen, 'failed');
    } finally {
      await run.close();
    }
    assert.match(
      failure(run.events).message,
      /on h1: the content did not arrive whole, or the source changed/,
    );
    assert.equal(existsSync(target(hosts)), false);
    assert.deepEqual(readdirSync(hosts.root('h1')), []);
    assert.equal((await applied(hosts, PLAYBOOK)).outcome, 'done');
    assert.equal(readFileSync(join(hosts.root('h1'), 'told'), 'utf8'), 'told');
  }));

test.run();
