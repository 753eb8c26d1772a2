import { suite } from 'uvu';
import { setFact } from '../../src/resources/set-fact.ts';
import { expectCases, expectRefusedArgs, NOTHING } from './cases.ts';
import { facts } from './views.ts';

const test = suite('set_fact');

const VALUES = { text: "it's $(id)", number: 1, list: [1, 'a'], nested: { yes: true } };

expectCases(test, setFact, [
  {
    title: 'values are kept as they are, and nothing is done',
    args: { values: VALUES },
    facts: facts(),
    change: NOTHING,
    touches: [],
    registered: { values: VALUES },
  },
]);

expectRefusedArgs(test, setFact, [{}, { values: {} }, { values: { 'a b': 1 } }, { text: 1 }]);

test.run();
