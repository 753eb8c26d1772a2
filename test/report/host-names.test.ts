import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hostNames } from '../../src/report/host-names.ts';

const cases: [string[], string][] = [
  [[], ''],
  [['db1'], 'db1'],
  [['db1', 'db2'], 'db1, db2'],
  [['db1', 'db2', 'db3'], 'db1–db3'],
  [['db1', 'db3', 'db4', 'db5', 'web1'], 'db1, db3–db5, web1'],
  [['db08', 'db09', 'db10'], 'db08–db10'],
  [['db9', 'db10', 'db11'], 'db9–db11'],
  [['n1.a', 'n2.a', 'n3.a', 'n4.b'], 'n1.a–n3.a, n4.b'],
  [['db3', 'db2', 'db1'], 'db3, db2, db1'],
  [['a', 'b', 'c'], 'a, b, c'],
];

for (const [names, text] of cases)
  test(`${names.join(' ') || 'no host'} is written ${text || 'as nothing'}`, () =>
    assert.is(hostNames(names), text));

test.run();
