// The document's Quick Start, line by line, on the nodes as they are set up: docs/spec-coverage.md.
import * as assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import { asPostgres, assertUnchanged, CLUSTER, fanopsEnds, INSTALL, onHost } from './on-lab.ts';

const PAGE = readFileSync(new URL('../../docs/spec-coverage.md', import.meta.url), 'utf8');
const CLASSES = ['typed', 'with', 'installed', 'yours'];

interface Row {
  readonly command: string;
  readonly kind: string;
  readonly user: string;
  readonly run: string;
}

const rows = PAGE.slice(PAGE.indexOf('## Quick Start'))
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line): Row => {
    const [command = '', kind = '', user = '', , , run = ''] = line.split('|').slice(1, -1).map(cell);
    return { command, kind, user, run };
  });

/** Without the marks of code. */
function cell(text: string): string {
  return text.trim().replace(/^`(.*)`$/, '$1');
}

test.before(() => {
  fanopsEnds(0, 'lab', 'up');
  for (const playbook of [CLUSTER, INSTALL]) fanopsEnds(0, 'apply', ...playbook, '--yes');
});

test('the table has every line, of a known class', () => {
  assert.ok(rows.length >= 23, `${rows.length} rows`);
  for (const { command, kind, user, run } of rows) {
    assert.ok(CLASSES.includes(kind), `${command}: ${kind}`);
    assert.ok(user === 'root' || user === 'postgres', command);
    assert.equal(run === '', kind === 'yours', command);
    if (kind === 'typed') assert.equal(run, command);
  }
});

for (const { command, kind, user, run } of rows.filter((row) => row.run !== ''))
  test(`${kind}: ${command}`, () => {
    if (user === 'postgres') asPostgres('db1', run);
    else onHost('db1', 'cd / && exec bash -l', run);
  });

test('afterwards both playbooks find nothing to change', () => {
  for (const playbook of [CLUSTER, INSTALL]) assertUnchanged(fanopsEnds(0, 'apply', ...playbook, '--yes'));
});

test.run();
