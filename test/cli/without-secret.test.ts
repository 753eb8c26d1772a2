import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withoutSecret } from '../../src/cli/without-secret.ts';

const cases: [word: string, shown: string][] = [
  ['port=5433', 'port=5433'],
  ['db_password=hunter2', 'db_password=••••••'],
  ['API_TOKEN=a=b', 'API_TOKEN=••••••'],
  ['db={"password":"hunter2"}', 'db=••••••'],
  ['users=[{"name":"a","login":{"secret":"hunter2"}}]', 'users=••••••'],
  ['db={"name":"password"}', 'db={"name":"password"}'],
  ['list=["password"]', 'list=["password"]'],
  ['text={"password"', 'text={"password"'],
  ['@secrets.yml', '@secrets.yml'],
  ['@token=x.yml', '@token=x.yml'],
];
for (const [word, shown] of cases)
  test(`-e '${word}' is shown as ${shown}`, () => assert.is(withoutSecret(word), shown));

test.run();
