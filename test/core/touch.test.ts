import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { meets, type Touch } from '../../src/core/touch.ts';

const path = (name: string, more: { only?: boolean; below?: boolean } = {}): Touch => ({
  on: 'path',
  path: name,
  ...more,
});

/** A change, a fact, and whether the one may alter the other. */
const CASES: readonly (readonly [Touch, Touch, boolean])[] = [
  [path('/a'), path('/a'), true],
  [path('/a'), path('/a/b'), true],
  [path('/a'), path('/ab'), false],
  [path('/'), path('/a'), true],
  [path('/a', { only: true }), path('/a/b'), false],
  [path('/a/b'), path('/a'), false],
  [path('/a/b'), path('/a', { below: true }), true],
  [path('/a/b', { only: true }), path('/a', { below: true }), true],
  [path('/ab'), path('/a', { below: true }), false],
  [path('/a'), { on: 'unit', name: '/a' }, false],
  [{ on: 'unit', name: 'x' }, { on: 'unit', name: 'x' }, true],
  [{ on: 'cluster', name: 'x' }, { on: 'unit', name: 'x' }, false],
  [{ on: 'anything' }, path('/a'), true],
  [path('/a'), { on: 'anything' }, true],
];

for (const [changed, looked, expected] of CASES)
  test(`${JSON.stringify(changed)} ${expected ? 'meets' : 'does not meet'} ${JSON.stringify(looked)}`, () => {
    assert.is(meets(changed, looked), expected);
  });

test.run();
