import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InputError } from '../../src/core/diagnostic.ts';
import { hostVariables } from '../../src/language/host-variables.ts';
import { type Loaded, loadInventory } from '../../src/language/load-inventory.ts';

test('the variables of every host are computed, in the order of their names', () => {
  const loaded = loadInventory('i.yml', 'all: {vars: {b: "{{a}}!"}, hosts: {h1: {a: x}, h2: {a: y}}}');
  const found = hostVariables(['h1', 'h2'], loaded, { c: 1 });
  assert.equal(
    [...found].map(([host, { a, b, c }]) => [host, a, b, c]),
    [
      ['h1', 'x', 'x!', 1],
      ['h2', 'y', 'y!', 1],
    ],
  );
  assert.equal(Object.keys(found.get('h1') ?? {}), Object.keys(found.get('h1') ?? {}).toSorted());
});

test('what cannot be computed is told of all hosts at once', () => {
  const loaded = loadInventory('i.yml', 'all:\n  hosts:\n    h1: {a: "{{x}}"}\n    h2: {a: "{{y}}"}\n');
  let message = '';
  try {
    hostVariables(['h1', 'h2'], loaded, {});
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    message = error.diagnostics.map((one) => `${one.position?.line} ${one.message}`).join('\n');
  }
  assert.match(message, /^3 .*\bx\b[\s\S]*^4 .*\by\b/m);
});

test('twice the hosts are twice the work: nothing goes through all of them for each', () => {
  const visits = (count: number): number => {
    const [loaded, seen] = counted(count);
    hostVariables(
      loaded.inventory.hosts.map(({ name }) => name),
      loaded,
      {},
    );
    return seen();
  };
  assert.ok(visits(400) < 3 * visits(200), `${visits(200)}, then ${visits(400)}`);
});

/** An inventory that counts how often something in its lists is read. */
function counted(hosts: number): [loaded: Loaded, seen: () => number] {
  const text = `all: {children: {db: {vars: {names: "{{group_names}}"}, hosts: {"h[1:${hosts}]": }}}}`;
  const { inventory, ...rest } = loadInventory('i.yml', text);
  let reads = 0;
  const watch = <T>(list: readonly T[]): readonly T[] =>
    new Proxy(list, {
      get(target, key, receiver) {
        reads += 1;
        return Reflect.get(target, key, receiver);
      },
    });
  const groups = Object.fromEntries(Object.entries(inventory.groups).map(([g, list]) => [g, watch(list)]));
  return [{ ...rest, inventory: { ...inventory, hosts: watch(inventory.hosts), groups } }, () => reads];
}

test.run();
