import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadInventory } from '../../src/language/load-inventory.ts';
import { loadPlaybook } from '../../src/language/load-playbook.ts';
import { resources } from '../../src/resources/registry.ts';

const test = suite('examples of resources');

test('every resource and action has one', () => {
  const without = resources.filter(({ examples = [] }) => examples.length === 0);
  assert.equal(
    without.map(({ name }) => name),
    [],
  );
});

const INVENTORY = loadInventory('hosts.yml', 'db: {hosts: {db1: {}, db2: {}}}\n');

for (const { name, examples = [] } of resources)
  for (const { title, yaml } of examples)
    test(`${name}: ${title}`, () => {
      const tasks = yaml
        .split('\n')
        .map((line) => (line === '' ? '' : `    ${line}`))
        .join('\n');
      const playbook = loadPlaybook({
        file: 'example.yml',
        text: `- hosts: db\n  tasks:\n${tasks}`,
        inventory: INVENTORY,
        resources,
        extraVars: {},
        tags: [],
        skipTags: [],
        readFile: () => 'a file of the controller\n',
      });
      assert.equal(playbook.warnings, []);
      assert.ok(
        playbook.plays.some((play) => play.tasks.some((task) => task.resource === name)),
        `it uses ${name}`,
      );
    });

test.run();
