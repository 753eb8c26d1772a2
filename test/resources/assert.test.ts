import { suite } from 'uvu';
import { assert as assertion } from '../../src/resources/assert.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { facts } from './views.ts';

const test = suite('assert');

function holds(expression: string) {
  return { expression, holds: true };
}

function broken(expression: string) {
  return { expression, holds: false };
}

const CASES: readonly Case[] = [
  {
    title: 'what holds needs nothing, and says so',
    args: { that: [holds('1 < 2')], msg: 'never said' },
    facts: facts(),
    change: NOTHING,
    touches: [],
    registered: { holds: true },
  },
  {
    title: 'several that hold need nothing',
    args: { that: [holds('1 < 2'), holds('true')] },
    facts: facts(),
    change: NOTHING,
  },
  {
    title: 'what does not hold stops, and is said as it is written',
    args: { that: [broken("size(groups['db']) == 3")] },
    facts: facts(),
    change: refusal(/^does not hold: size\(groups\['db'\]\) == 3$/),
  },
  {
    title: 'of several all that do not hold are said, and none that does',
    args: { that: [broken('a'), holds('b'), broken('c')] },
    facts: facts(),
    change: refusal(/^does not hold: a; c$/),
  },
  {
    title: 'the message comes first',
    args: { that: [broken('x == 3')], msg: 'Three hosts are needed.' },
    facts: facts(),
    change: refusal(/^Three hosts are needed\. \(does not hold: x == 3\)$/),
  },
  {
    title: 'an odd expression is only said',
    args: { that: [broken('"$(touch pwned)" == "\n`id`"')] },
    facts: facts(),
    change: refusal(/^does not hold: "\$\(touch pwned\)" == "\n`id`"$/),
  },
];

expectCases(test, assertion, CASES);

expectRefusedArgs(test, assertion, [
  {},
  { that: [] },
  { that: 'true' },
  { that: ['true'] },
  { that: [{ expression: 'true', holds: 'yes' }] },
  { that: [holds('true')], message: 'x' },
]);

test.run();
