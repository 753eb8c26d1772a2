import { globSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import {
  inventorySchema,
  playbookSchema,
  runbookSchema,
  TASKS_FILE,
  tasksSchema,
} from '../../src/language/editor-schema.ts';
import { TASK_KEYWORDS_SAID } from '../../src/language/keywords.ts';
import { TASK_KEYWORDS } from '../../src/language/read-task.ts';
import { resources } from '../../src/resources/registry.ts';

const ajv = new Ajv2020({ allErrors: true, strict: false, formats: { regex: isRegex } });
ajv.addSchema(tasksSchema(resources), TASKS_FILE);
const playbook = ajv.compile(playbookSchema());
const runbook = ajv.compile(runbookSchema());
const inventory = ajv.compile(inventorySchema());
const tasks = ajv.compile({ $ref: TASKS_FILE });

function isRegex(text: string): boolean {
  return new RegExp(text, 'u') instanceof RegExp;
}

/** Which of the schemas a file is written by, as its first lines show. */
function schemaOf(value: unknown): typeof playbook {
  if (!Array.isArray(value))
    return typeof value === 'object' && value !== null && 'runbook' in value ? runbook : inventory;
  const isPlaybook = value.some((item) => 'hosts' in item || 'import_playbook' in item);
  return isPlaybook ? playbook : tasks;
}

const OURS = globSync(['playbooks/**/*.yml', 'examples/*.yml', 'inventory/*.yml']);

test('the schemas take every playbook, runbook, file of tasks and inventory of ours', () => {
  const met = new Map<unknown, number>();
  for (const file of OURS) {
    const value: unknown = parse(readFileSync(file, 'utf8'), { merge: true });
    const validate = schemaOf(value);
    assert.ok(validate(value), `${file}: ${ajv.errorsText(validate.errors)}`);
    met.set(validate, (met.get(validate) ?? 0) + 1);
  }
  for (const validate of [playbook, runbook, inventory, tasks]) assert.ok((met.get(validate) ?? 0) > 1);
});

test('the schemas take every example of the reference, in a playbook and in a step of a runbook', () => {
  for (const { name, examples = [] } of resources)
    for (const { title, yaml } of examples) {
      const written: unknown = parse(yaml);
      const step = { step: title, hosts: 'all', tasks: written };
      assert.ok(
        playbook([{ hosts: 'all', tasks: written }]),
        `${name}, ${title}: ${ajv.errorsText(playbook.errors)}`,
      );
      assert.ok(
        runbook({ runbook: name, steps: [step] }),
        `${name}, ${title}: ${ajv.errorsText(runbook.errors)}`,
      );
    }
});

test('the schema of runbooks takes the example of their page', () => {
  const page = readFileSync('docs/runbooks.md', 'utf8');
  assert.ok(
    runbook(parse(/```yaml runbook\n([\s\S]*?)```/.exec(page)?.[1] ?? '')),
    ajv.errorsText(runbook.errors),
  );
});

const SLIPS: readonly [title: string, tasks: string][] = [
  ['an unknown resource', '- fil: { path: /x }'],
  ['an unknown argument', '- file: { path: /x, mod: "0644" }'],
  ['a missing argument', '- file: { mode: "0644" }'],
  ['a mode that is a number', '- file: { path: /x, mode: 0644 }'],
  ['a misspelt keyword', '- file: { path: /x }\n  wen: "true"'],
  ['a block with a resource', '- block: []\n  file: { path: /x }'],
];

for (const [title, written] of SLIPS)
  test(`an editor marks ${title}`, () => {
    assert.not.ok(playbook([{ hosts: 'all', tasks: parse(written) }]));
  });

const STEP = 'step: One\nhosts: db\n';
const STEP_SLIPS: readonly [title: string, step: string][] = [
  ['a step without a name', 'hosts: db'],
  ['a step without hosts', 'step: One'],
  ['a misspelt key of a step', `${STEP}verfy: { that: "true" }`],
  ['a guard that gives no advice', `${STEP}guard:\n  - that: "true"`],
  ['a verify without a condition', `${STEP}verify: { within: 5s }`],
  ['a time without its unit', `${STEP}timeout: "90"`],
  ['a failure that is taken for something else', `${STEP}on_failure: ignore`],
  ['a task of a step with an unknown argument', `${STEP}tasks:\n  - file: { path: /x, mod: "0644" }`],
  ['a way back from a way back', `${STEP}undo:\n  undo: []`],
];

for (const [title, step] of STEP_SLIPS)
  test(`an editor marks ${title}`, () => {
    assert.not.ok(runbook({ runbook: 'A', steps: [parse(step)] }));
  });

const RUNBOOK_SLIPS: readonly [title: string, top: string][] = [
  ['tasks beside the steps', 'tasks: []'],
  ['a type that no parameter has', 'params: { a: { type: hosts } }'],
  ['an objective that is none', 'objectives: { rt: 5m }'],
  ['an invariant without a condition', 'invariants:\n  - msg: stop'],
];

for (const [title, top] of RUNBOOK_SLIPS)
  test(`an editor marks ${title}`, () => {
    const steps = [parse(`${STEP}tasks: []`)];
    assert.ok(runbook({ runbook: 'A', steps }), ajv.errorsText(runbook.errors));
    assert.not.ok(runbook({ runbook: 'A', steps, ...parse(top) }));
  });

test('an argument may be a template, whatever its type', () => {
  const written = parse('- directory: { path: "{{a}}", mode: "{{m}}" }\n- package: { name: "{{names}}" }');
  assert.ok(playbook([{ hosts: 'all', tasks: written }]), ajv.errorsText(playbook.errors));
});

test('every keyword of a task is described', () => {
  assert.equal(
    TASK_KEYWORDS.filter((name) => !(name in TASK_KEYWORDS_SAID)),
    [],
  );
});

test.run();
