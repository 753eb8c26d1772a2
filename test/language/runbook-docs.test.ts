import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PARAM_TYPES } from '../../src/core/runbook.ts';
import { loadInventory } from '../../src/language/load-inventory.ts';
import { loadRunbook } from '../../src/language/load-runbook.ts';
import { STEP_KEYS } from '../../src/language/read-step.ts';
import { resources } from '../../src/resources/registry.ts';

const page = readFileSync(new URL('../../docs/runbooks.md', import.meta.url), 'utf8');

test('the example of the page loads with the resources as they are', () => {
  const text = /```yaml runbook\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const runbook = loadRunbook({
    file: 'runbook.yml',
    text,
    inventory: loadInventory('inventory.yml', '{all: {children: {db: {hosts: {db1: , db2: , db3: }}}}}'),
    resources,
    extraVars: { target: 'db2' },
    readFile: () => '',
  });
  assert.is(runbook.steps.length, 4);
  assert.equal(runbook.steps[2]?.hosts, ['db2']);
  assert.equal(runbook.warnings, []);
});

test('the page names every key of a step and every type of a parameter', () => {
  const missing = [...STEP_KEYS, ...PARAM_TYPES].filter(
    (name) => !new RegExp(`[\`\\s({]${name}\\b`).test(page),
  );
  assert.equal(missing, []);
});

test.run();
