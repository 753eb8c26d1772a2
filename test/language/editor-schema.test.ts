import { globSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { inventorySchema, playbookSchema } from '../../src/language/editor-schema.ts';
import { TASK_KEYWORDS_SAID } from '../../src/language/keywords.ts';
import { TASK_KEYWORDS } from '../../src/language/read-task.ts';
import { resources } from '../../src/resources/registry.ts';

const ajv = new Ajv2020({ allErrors: true, strict: false });
const playbook = ajv.compile(playbookSchema(resources));
const inventory = ajv.compile(inventorySchema());

test('the schemas take every playbook, inventory and example of ours', () => {
  for (const file of globSync(['playbooks/*.yml', 'examples/*.yml', 'inventory/*.yml'])) {
    const value: unknown = parse(readFileSync(file, 'utf8'), { merge: true });
    if (!Array.isArray(value) && !isInventory(value)) continue;
    const validate = Array.isArray(value) ? playbook : inventory;
    assert.ok(validate(value), `${file}: ${ajv.errorsText(validate.errors)}`);
  }
  for (const { name, examples = [] } of resources)
    for (const { title, yaml } of examples)
      assert.ok(
        playbook([{ hosts: 'all', tasks: parse(yaml) }]),
        `${name}, ${title}: ${ajv.errorsText(playbook.errors)}`,
      );
});

/** Runbooks are mappings, too. */
function isInventory(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'all' in value;
}

const SLIPS: readonly [title: string, tasks: string][] = [
  ['an unknown resource', '- fil: { path: /x }'],
  ['an unknown argument', '- file: { path: /x, mod: "0644" }'],
  ['a missing argument', '- file: { mode: "0644" }'],
  ['a mode that is a number', '- file: { path: /x, mode: 0644 }'],
  ['a misspelt keyword', '- file: { path: /x }\n  wen: "true"'],
  ['a block with a resource', '- block: []\n  file: { path: /x }'],
];

for (const [title, tasks] of SLIPS)
  test(`an editor marks ${title}`, () => {
    assert.not.ok(playbook([{ hosts: 'all', tasks: parse(tasks) }]));
  });

test('an argument may be a template, whatever its type', () => {
  const tasks = parse('- directory: { path: "{{a}}", mode: "{{m}}" }\n- package: { name: "{{names}}" }');
  assert.ok(playbook([{ hosts: 'all', tasks }]), ajv.errorsText(playbook.errors));
});

test('every keyword of a task is described', () => {
  assert.equal(
    TASK_KEYWORDS.filter((name) => !(name in TASK_KEYWORDS_SAID)),
    [],
  );
});

test.run();
