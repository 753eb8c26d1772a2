import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { editDistance, nearest } from '../../src/language/nearest.ts';

const DISTANCES: readonly (readonly [from: string, to: string, distance: number])[] = [
  ['', '', 0],
  ['a', '', 1],
  ['port', 'port', 0],
  ['prot', 'port', 1],
  ['prt', 'port', 1],
  ['kitten', 'sitting', 3],
];

for (const [from, to, distance] of DISTANCES)
  test(`from "${from}" to "${to}" is ${distance}`, () => {
    assert.is(editDistance(from, to), distance);
    assert.is(editDistance(to, from), distance);
  });

test('the nearest word is near, and of several one of the same length', () => {
  assert.is(nearest('db9', ['db', 'db1']), 'db1');
  assert.is(nearest('regiser', ['name', 'register', 'when']), 'register');
  assert.is(nearest('x', ['register']), undefined);
});

test.run();
