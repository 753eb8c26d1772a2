import { suite } from 'uvu';
import { NONE } from '../../src/core/change.ts';
import { advise } from '../../src/resources/advise.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING } from './cases.ts';
import { facts } from './views.ts';

const test = suite('advise');

const holds = { expression: '1 < 2', holds: true };
const broken = { expression: 'archive_timeout < rpo', holds: false };

const CASES: readonly Case[] = [
  {
    title: 'what holds is not worth a word',
    args: { that: [holds], msg: 'never said' },
    facts: facts(),
    change: NOTHING,
    commands: [],
    touches: [],
    registered: { holds: true },
  },
  {
    title: 'what does not hold is said, and nothing is stopped or done for it',
    args: { that: [holds, broken], msg: 'archive_timeout: 60 would meet it' },
    facts: facts(),
    change: { ...NONE, reason: /^archive_timeout: 60 would meet it$/ },
    commands: [],
    touches: [],
    registered: { holds: false },
  },
];

expectCases(test, advise, CASES);
expectRefusedArgs(test, advise, [{}, { that: [holds] }, { msg: 'x' }, { that: [], msg: 'x' }]);

test.run();
