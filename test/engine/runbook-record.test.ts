import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import { type JournalEntry, noJournal } from '../../src/core/journal.ts';
import { Secret } from '../../src/core/secret.ts';
import { withHosts } from '../support/applied.ts';
import { localRunbook } from '../support/local-runbook.ts';

const CANARY = 'canary-7f3a9';

test('of what was registered nothing sensitive is recorded, nor what would be masked', () =>
  withHosts(1, async (hosts) => {
    const entries: JournalEntry[] = [];
    const journal = {
      ...noJournal('recorded'),
      record: async (entry: JournalEntry) => void entries.push(entry),
    };
    const run = localRunbook(
      hosts,
      `runbook: secrets
steps:
  - step: ask
    hosts: db
    tasks:
      - {command: {argv: [echo, sensitive-9c1]}, sensitive: true, register: closed}
      - {command: {argv: [sh, -c, "echo say ${CANARY}"]}, register: told}
      - {command: {argv: [echo, open]}, register: open}
      - block: [{command: {argv: [sh, -c, "echo sensitive-9c1; false"]}, no_log: true}]
        rescue: [{command: "true"}]
`,
      { journal, secrets: [Secret.open(CANARY)] },
    );
    assert.equal((await run.run()).outcome, 'done');
    await run.close();
    const kept = entries.findLast((entry) => entry.type === 'registers');
    assert.deepEqual(Object.keys(kept?.value.h1 ?? {}).sort(), ['failed_task', 'open']);
    for (const secret of [CANARY, 'sensitive-9c1'])
      assert.ok(!JSON.stringify(entries.filter(({ type }) => type === 'registers')).includes(secret));
  }));

test.run();
