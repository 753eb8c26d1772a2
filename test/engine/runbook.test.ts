import * as assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import type { RunEvent } from '../../src/core/event.ts';
import type { Clock } from '../../src/engine/run.ts';
import type { RunbookEnd } from '../../src/engine/runbook.ts';
import { withHosts } from '../support/applied.ts';
import type { LocalHosts } from '../support/local-run.ts';
import { localRunbook, type RunbookSetting } from '../support/local-runbook.ts';

const read = (hosts: LocalHosts, host: string, path: string): string =>
  readFileSync(join(hosts.root(host), path), 'utf8');

async function ran(
  hosts: LocalHosts,
  text: string,
  setting: RunbookSetting & { from?: number } = {},
): Promise<RunbookEnd & { readonly events: readonly RunEvent[] }> {
  const run = localRunbook(hosts, text, setting);
  try {
    return { ...(await run.run(setting.from)), events: run.events };
  } finally {
    await run.close();
  }
}

/** `1. Stop: done`, in order. */
function steps(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'step-ended' ? [`${event.step.number}. ${event.step.name}: ${event.outcome}`] : [],
  );
}

const TWO_STEPS = `
runbook: two steps
params: { target: { type: host } }
steps:
  - step: Ask
    hosts: "{{target}}"
    look:
      - command: { argv: [cat, "{{root}}/state"] }
        changed_when: false
        register: state
    guard:
      - that: state.stdout == 'ready'
        msg: make {{target}} ready first
  - step: Tell
    hosts: "db:!{{target}}"
    tasks:
      - file: { path: "{{root}}/told", content: "{{target}} is {{state.stdout}}\\n" }
`;

test('what one host registers is read by the steps after it on the others', () =>
  withHosts(3, async (hosts) => {
    writeFileSync(join(hosts.root('h2'), 'state'), 'ready\n');
    const end = await ran(hosts, TWO_STEPS, { params: { target: 'h2' } });
    assert.deepEqual(steps(end.events), ['1. Ask: done', '2. Tell: done']);
    assert.equal(end.outcome, 'done');
    assert.equal(read(hosts, 'h3', 'told'), 'h2 is ready\n');
    assert.ok(!existsSync(join(hosts.root('h2'), 'told')));
  }));

test('a guard that does not hold ends it before anything is done, and says what it saw', () =>
  withHosts(3, async (hosts) => {
    writeFileSync(join(hosts.root('h2'), 'state'), 'busy\n');
    const end = await ran(hosts, TWO_STEPS, { params: { target: 'h2' } });
    assert.equal(end.outcome, 'guarded');
    assert.equal(end.at?.step.number, 1);
    assert.deepEqual(end.at?.end.judgements, [
      {
        expression: "state.stdout == 'ready'",
        hosts: ['h2'],
        msg: 'make h2 ready first',
        state: 'broken',
        seen: 'state.stdout is "busy"',
      },
    ]);
    assert.deepEqual(
      end.left.map(({ name }) => name),
      ['Tell'],
    );
    assert.ok(!existsSync(join(hosts.dir, 'h2', 'state')), 'looking left something behind');
  }));

test('what cannot be looked at does not hold', () =>
  withHosts(3, async (hosts) => {
    const end = await ran(hosts, TWO_STEPS, { params: { target: 'h2' } });
    assert.equal(end.outcome, 'failed');
    assert.equal(end.at?.end.judgements?.[0]?.state, 'unseen');
    assert.match(end.at?.end.judgements?.[0]?.reason ?? '', /exit status 1 .*No such file/);
  }));

const HERE = 'runbook: here\nsteps:\n';
const file = (path: string, more = ''): string => `{file: {path: "{{root}}/${path}", content: x}${more}}`;

test('a step that breaks on what an earlier one found out has failed, and the runbook ends there', () =>
  withHosts(1, async (hosts) => {
    const end = await ran(
      hosts,
      `${HERE}
  - {step: ask, hosts: db, tasks: [{command: {argv: [echo, abc]}, register: asked}]}
  - {step: use, hosts: db, tasks: [{file: {path: "{{root}}/{{asked.stdout.nothing.there}}", content: x}}]}
`,
    );
    assert.deepEqual([end.outcome, end.at?.step.name], ['failed', 'use']);
    assert.match(end.at?.end.reason ?? '', /nothing/);
  }));

test('hosts where `when` does not hold take no part, and a step without any is skipped', () =>
  withHosts(2, async (hosts) => {
    const end = await ran(
      hosts,
      `${HERE}
  - {step: some, hosts: db, when: inventory_hostname == 'h2', tasks: [${file('some')}]}
  - {step: none, hosts: db, when: size(lost) > 0, tasks: [${file('none')}]}
`,
    );
    assert.deepEqual(steps(end.events), ['1. some: done', '2. none: skipped']);
    assert.deepEqual(
      [...hosts.names].map((host) => existsSync(join(hosts.root(host), 'some'))),
      [false, true],
    );
    assert.ok(!existsSync(join(hosts.root('h1'), 'none')));
  }));

test('verify waits until it is true, and tells what it saw meanwhile', () =>
  withHosts(1, async (hosts) => {
    const run = localRunbook(
      hosts,
      `${HERE}
  - step: wait
    hosts: db
    verify:
      look: [{command: {argv: [sh, -c, "cat {{root}}/n 2>/dev/null || echo none"]}, changed_when: false, register: n}]
      that: n.stdout == 'there'
      within: 30s
      every: 50ms
`,
    );
    const running = run.run();
    while (!run.events.some(({ type }) => type === 'watching')) await new Promise(setImmediate);
    writeFileSync(join(hosts.root('h1'), 'n'), 'there\n');
    assert.equal((await running).outcome, 'done');
    await run.close();
    const seen = run.events.find((event) => event.type === 'watching');
    assert.match(
      seen?.type === 'watching' ? seen.text : '',
      /^n\.stdout is "none", want n\.stdout == 'there', \d+ of 30 s$/,
    );
  }));

/** Time that passes only while somebody sleeps. */
function dreaming(): Clock {
  let now = 0;
  return {
    now: () => now,
    async sleep(ms) {
      now += ms;
    },
  };
}

test('verify that does not become true in time is timed out; what the step says for that case is done', () =>
  withHosts(1, async (hosts) => {
    const end = await ran(
      hosts,
      `${HERE}
  - step: wait
    hosts: db
    tasks: [${file('done')}]
    verify: {look: [{stat: {path: "{{root}}/x"}, register: x}], that: x.exists, within: 60s, msg: look at x}
    on_failure: [${file('failed')}]
  - {step: after, hosts: db, tasks: [${file('after')}]}
`,
      { clock: dreaming() },
    );
    assert.equal(end.outcome, 'timed-out');
    assert.match(
      end.at?.end.reason ?? '',
      /it did not become true: x\.exists is false, want x\.exists, 60 of 60 s/,
    );
    assert.equal(end.at?.end.judgements?.[0]?.msg, 'look at x');
    assert.equal(end.at?.begun, true);
    assert.ok(existsSync(join(hosts.root('h1'), 'failed')));
    assert.ok(!existsSync(join(hosts.root('h1'), 'after')));
  }));

test('a step that takes longer than its timeout is ended on the host', () =>
  withHosts(1, async (hosts) => {
    const end = await ran(
      hosts,
      `${HERE}
  - {step: slow, hosts: db, timeout: 500ms, tasks: [{command: {argv: [sleep, "60"]}}]}
`,
    );
    assert.equal(end.outcome, 'timed-out');
    assert.match(end.at?.end.reason ?? '', /longer than 0\.5 s, its timeout/);
  }));

test('a failure goes on only where the step says so, and the run has failed all the same', () =>
  withHosts(1, async (hosts) => {
    const failing = (more: string): string => `${HERE}
  - {step: fail, hosts: db, tasks: [{command: "false"}]${more}}
  - {step: after, hosts: db, tasks: [${file('after')}]}
`;
    const stopped = await ran(hosts, failing(''));
    assert.deepEqual([stopped.outcome, stopped.done.length], ['failed', 0]);
    assert.ok(!existsSync(join(hosts.root('h1'), 'after')));
    const gone = await ran(hosts, failing(', on_failure: continue'));
    assert.deepEqual([gone.outcome, gone.done.map(({ name }) => name)], ['failed', ['after']]);
  }));

test('what is typed is asked after the guards, and they are judged again behind it', () =>
  withHosts(1, async (hosts) => {
    const text = `${HERE}
  - step: wipe
    hosts: db
    look: [{stat: {path: "{{root}}/leader"}, register: leader}]
    guard: [{that: "!leader.exists", msg: it leads}]
    confirm: wipe {{inventory_hostname}}
    tasks: [${file('wiped')}]
`;
    const asked: string[] = [];
    const typed = (answer: boolean) => (what: string) => {
      asked.push(what);
      return answer;
    };
    const refused = await ran(hosts, text, { typed: typed(false) });
    assert.deepEqual([refused.outcome, asked], ['interrupted', ['wipe h1']]);
    const meanwhile = await ran(hosts, text, {
      typed(what) {
        writeFileSync(join(hosts.root('h1'), 'leader'), '');
        return typed(true)(what);
      },
    });
    assert.equal(meanwhile.outcome, 'guarded');
    assert.ok(!existsSync(join(hosts.root('h1'), 'wiped')));
  }));

test('an invariant that a step breaks ends the run behind that step, and none begins', () =>
  withHosts(2, async (hosts) => {
    const end = await ran(
      hosts,
      `runbook: invariant
invariants:
  - look: [{path_facts: {members: db, path: "/nowhere"}, register: nowhere}]
    that: size(nowhere.absent) == 2
    hosts: h1
  - look: [{stat: {path: "{{root}}/broken"}, register: broken}]
    that: "!broken.exists"
    msg: mend it by hand
steps:
  - {step: break, hosts: h1, tasks: [${file('broken')}]}
  - {step: after, hosts: h1, tasks: [${file('after')}]}
`,
    );
    assert.deepEqual(steps(end.events), ['1. break: done', '2. after: guarded']);
    assert.equal(end.outcome, 'guarded');
    assert.deepEqual(
      end.at?.end.judgements?.map(({ hosts: where, msg }) => [where, msg]),
      [[['h1'], 'mend it by hand']],
    );
    assert.ok(!existsSync(join(hosts.root('h1'), 'after')));
  }));

test('--from goes by the last step that has hosts left and says what must hold', () =>
  withHosts(2, async (hosts) => {
    const text = `${HERE}
  - step: first
    hosts: h1
    tasks: [${file('first')}]
    verify: {look: [{stat: {path: "{{root}}/first"}, register: it}], that: it.exists, within: 1s}
  - step: of the lost
    hosts: h2
    tasks: [${file('second')}]
    verify: {look: [{stat: {path: "{{root}}/second"}, register: it}], that: it.exists, within: 1s}
  - {step: last, hosts: h1, tasks: [${file('last')}]}
`;
    const { outcome, at } = await ran(hosts, text, { lost: ['h2'], from: 3 });
    assert.equal(outcome, 'guarded');
    assert.match(at?.end.reason ?? '', /--from would skip step 1 \(first\), which has not had its effect/);
    writeFileSync(join(hosts.root('h1'), 'first'), '');
    assert.equal((await ran(hosts, text, { lost: ['h2'], from: 3 })).outcome, 'done');
  }));

test('the lost are left out everywhere, counted in conditions, and stop the runbook when they answer', () =>
  withHosts(3, async (hosts) => {
    const text = `${HERE}
  - step: count
    hosts: db
    look: [{path_facts: {members: db, path: "{{root}}"}, register: roots}]
    guard: [{that: size(groups.db) - size(lost) == 2 && 'h3' in lost, msg: no}]
    tasks: [${file('counted')}]
  - {step: of the lost, hosts: h3, tasks: [${file('never')}]}
`;
    const end = await ran(hosts, text, { lost: ['h3'] });
    assert.deepEqual(steps(end.events), ['1. count: done', '2. of the lost: skipped']);
    assert.ok(!existsSync(join(hosts.dir, 'h3', 'state')));
    const back = await ran(hosts, text, { lost: ['h3'], answers: () => 'ssh on 10.0.0.3:22' });
    assert.equal(back.outcome, 'guarded');
    assert.match(
      back.at?.end.reason ?? '',
      /declared lost, and yet it answers: h3 \(ssh on 10\.0\.0\.3:22\)/,
    );
  }));

test('going back undoes the last step first, each with its own look, until one that has no way back', () =>
  withHosts(1, async (hosts) => {
    const run = localRunbook(
      hosts,
      `${HERE}
  - {step: one, hosts: db, tasks: [${file('one')}]}
  - {step: two, hosts: db, guard: [{that: "true", msg: no}]}
  - step: three
    hosts: db
    tasks: [${file('three')}]
    undo:
      look: [{stat: {path: "{{root}}/three"}, register: three}]
      guard: [{that: three.exists, msg: it was not done}]
      tasks: [{file: {path: "{{root}}/three", state: absent}}]
`,
    );
    assert.equal((await run.run()).outcome, 'done');
    const back = await run.undo(3);
    await run.close();
    assert.deepEqual([back.outcome, back.done.map(({ name }) => name)], ['guarded', ['three', 'two']]);
    assert.equal(back.at?.step.name, 'one');
    assert.ok(!existsSync(join(hosts.root('h1'), 'three')));
    assert.ok(existsSync(join(hosts.root('h1'), 'one')));
  }));

test('an invariant of going back stops it as well; another one does not', () =>
  withHosts(1, async (hosts) => {
    const broken = '{stat: {path: "{{root}}/broken"}, register: broken}';
    const run = localRunbook(
      hosts,
      `runbook: go back
invariants:
  - {hosts: h1, look: [${broken}], that: "!broken.exists", msg: mend it by hand, undo: true}
  - {hosts: h1, look: [{stat: {path: "{{root}}/two"}, register: two}], that: "!two.exists"}
steps:
  - {step: one, hosts: h1, tasks: [${file('one')}], undo: [{file: {path: "{{root}}/one", state: absent}}]}
  - step: two
    hosts: h1
    tasks: [${file('two')}]
    undo: [${file('broken')}]
`,
    );
    assert.equal((await run.run()).outcome, 'guarded');
    const back = await run.undo(2);
    await run.close();
    assert.deepEqual([back.outcome, back.done.map(({ name }) => name)], ['guarded', ['two']]);
    assert.equal(back.at?.end.judgements?.[0]?.msg, 'mend it by hand');
    assert.ok(existsSync(join(hosts.root('h1'), 'one')));
  }));

test('a plan judges guards now, and what a step finds out by doing something is not known before it', () =>
  withHosts(1, async (hosts) => {
    const run = localRunbook(
      hosts,
      `${HERE}
  - step: ask
    hosts: db
    tasks: [{name: measure, command: {argv: [echo, "5"]}, register: size}]
  - step: act
    hosts: db
    guard: [{that: size.stdout == '5', msg: no}, {that: "1 == 1", msg: no}]
    tasks: [{name: stopped already, file: {path: "{{root}}/gone", state: absent}}]
`,
    );
    const { steps: planned } = await run.plan();
    await run.close();
    assert.deepEqual(
      planned.map(({ isLater }) => isLater),
      [false, true],
    );
    assert.deepEqual(
      planned[1]?.guards.map(({ state, reason }) => [state, reason]),
      [
        ['unknown', 'step 1: measure'],
        ['holds', undefined],
      ],
    );
    assert.match(Object.values(planned[1]?.declared ?? {})[0] ?? '', /^path: .*gone, state: absent$/);
    assert.ok(!existsSync(join(hosts.dir, 'h1', 'state')));
  }));

test.run();
