import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadInventory } from '../../src/language/load-inventory.ts';
import { loadPlaybook } from '../../src/language/load-playbook.ts';
import { TASK_KEYWORDS } from '../../src/language/read-task.ts';
import { FUNCTION_ARITY } from '../../src/language/template-functions.ts';
import { resources } from '../../src/resources/registry.ts';

const page = readFileSync(new URL('../../docs/language.md', import.meta.url), 'utf8');

function example(kind: string): string {
  const found = new RegExp(`\`\`\`yaml ${kind}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1];
  if (found === undefined) throw new Error(`no example of ${kind} in docs/language.md`);
  return found;
}

test('the examples of the page load with the resources as they are', () => {
  const { plays, warnings } = loadPlaybook({
    file: 'playbook.yml',
    text: example('playbook'),
    inventory: loadInventory('inventory.yml', example('inventory')),
    resources,
    readFile: () => '',
  });
  assert.is(plays[0]?.tasks.length, 4);
  assert.equal(warnings, []);
});

test('the block of the page loads', () => {
  const indented = example('tasks').replaceAll('\n', '\n    ');
  const { plays } = loadPlaybook({
    file: 'playbook.yml',
    text: `- hosts: all\n  tasks:\n    ${indented}`,
    inventory: loadInventory('inventory.yml', example('inventory')),
    resources,
    readFile: () => '',
  });
  assert.is(plays[0]?.tasks.length, 3);
});

test('the page names every key of a task and every function of templates', () => {
  const missing = [...TASK_KEYWORDS, ...Object.keys(FUNCTION_ARITY)].filter(
    (name) => !new RegExp(`[\`({]${name}\\b`).test(page),
  );
  assert.equal(missing, []);
});

test.run();
