import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { matchHosts } from '../../src/language/patterns.ts';
import { Mistake } from '../../src/language/problems.ts';
import { inventory } from './load.ts';

const HOSTS = inventory(`all:
  children:
    db:
      children:
        primary: { hosts: { "pg-a1": } }
        standby: { hosts: { "pg-a2": , "pg-b1": } }
    web: { hosts: { "web[08:11]": } }
    empty: {}
    n: { hosts: { n1: , n2: , n3: } }
    rack: { hosts: { rack0: , rack1: , rack2: } }
`).inventory;

const ALL = 'pg-a1 pg-a2 pg-b1 web08 web09 web10 web11 n1 n2 n3 rack0 rack1 rack2';

const CASES: readonly (readonly [pattern: string, hosts: string])[] = [
  ['all', ALL],
  ['*', ALL],
  ['db', 'pg-a1 pg-a2 pg-b1'],
  ['web08, pg-a1', 'pg-a1 web08'],
  ['primary:web08', 'pg-a1 web08'],
  ['db:!standby', 'pg-a1'],
  ['!db:!rack', 'web08 web09 web10 web11 n1 n2 n3'],
  ['!standby:db', 'pg-a1'],
  ['db:&standby', 'pg-a2 pg-b1'],
  ['db,&standby,!pg-b1', 'pg-a2'],
  ['&db:&primary', 'pg-a1'],
  ['empty', ''],
  ['db:!empty', 'pg-a1 pg-a2 pg-b1'],
  ['pg-*', 'pg-a1 pg-a2 pg-b1'],
  ['pg-?1', 'pg-a1 pg-b1'],
  ['pg-[!b]?', 'pg-a1 pg-a2'],
  ['stand*', 'pg-a2 pg-b1'],
  ['~pg-[ab]1', 'pg-a1 pg-b1'],
  ['~(web|rack)\\d*0:?$,pg-a1', 'pg-a1 web10 rack0'],
  ['all:!~pg', 'web08 web09 web10 web11 n1 n2 n3 rack0 rack1 rack2'],
  ['web[08:10]', 'web08 web09 web10'],
  ['web[09:11]:!web10', 'web09 web11'],
  ['db[0]', 'pg-a1'],
  ['db[-1]', 'pg-b1'],
  ['db[1:]', 'pg-a2 pg-b1'],
  ['db[:1]', 'pg-a1 pg-a2'],
  ['db[0:1]', 'pg-a1 pg-a2'],
  ['db[-2:-1]', 'pg-a2 pg-b1'],
  ['all[0]', 'pg-a1'],
  ['rack[0:2]', 'rack0 rack1 rack2'],
];

for (const [pattern, hosts] of CASES)
  test(`\`${pattern}\` names ${hosts || 'nobody'}`, () =>
    assert.is(matchHosts(pattern, HOSTS).join(' '), hosts));

test('the order of the parts is without influence', () => {
  const parts = ['db', 'web', '&standby', '!pg-b1'];
  const orders = parts.map((_, index) => [...parts.slice(index), ...parts.slice(0, index)].join(':'));
  assert.equal(
    orders.map((pattern) => matchHosts(pattern, HOSTS).join(' ')),
    orders.map(() => 'pg-a2'),
  );
});

const REFUSED: readonly (readonly [pattern: string, message: string, hint: string])[] = [
  ['', 'a host or a group was expected, found nothing', ''],
  ['db:!standy', 'the inventory hosts.yml has no host or group `standy`', 'did you mean `standby`?'],
  ['web1*2', 'no host or group of the inventory hosts.yml matches `web1*2`', 'did you mean `web10`?'],
  ['~[', '`~[` is not a regular expression', 'write for example ~db[0-9]+'],
  ['db[3]', 'the group `db` has no member `[3]`', 'members count from 0: 0 pg-a1, 1 pg-a2, 2 pg-b1'],
  [
    'n[1:2]',
    '`n[1:2]` may mean members of a group (n2, n3) or hosts (n1, n2)',
    'write the names of the hosts, separated by commas',
  ],
  ['n[1:9].x', 'the inventory hosts.yml has no host or group `n[1:9].x`', 'did you mean `n`?'],
  [
    'pg-a[1:3]',
    '`pg-a[1:3]` names pg-a3, which the inventory hosts.yml does not have',
    'did you mean `pg-a1`?',
  ],
  ['web[11:08]', 'the range `web[11:08]` runs backwards', 'write the lower end first: [08:11]'],
  ['@hosts.retry', 'files of hosts (`@hosts.retry`) are not read', 'write the hosts, or a group'],
];

for (const [pattern, message, hint] of REFUSED)
  test(`\`${pattern}\` is refused`, () => {
    try {
      matchHosts(pattern, HOSTS);
    } catch (error) {
      assert.instance(error, Mistake);
      assert.equal([(error as Mistake).message, (error as Mistake).hint ?? ''], [message, hint]);
      return;
    }
    assert.unreachable('it was taken');
  });

test.run();
