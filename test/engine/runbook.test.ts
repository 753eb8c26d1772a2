import * as assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import type { RunEvent } from '../../src/core/event.ts';
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

test.run();
