import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inFolder } from './folder.ts';

/** `fanops explain`, `fanops inventory` and `fanops init`, as their users call them. */
const BIN = new URL('../../bin/fanops', import.meta.url).pathname;

const FILES = {
  'hosts.yml': `all:
  children:
    db:
      children:
        primary: { hosts: { db1: { port: 5433 } } }
      hosts: { db2: }
      vars: { port: 5432, url: "tcp://{{inventory_hostname}}:{{port}}" }
  hosts: { web: }
`,
  'group_vars/all.yml': 'port: 80\nzone: north\n',
  'p.yml': `- name: First
  hosts: db
  defaults: { zone: south }
  vars: { port: 1 }
  tasks: []
`,
};

function fanops(folder: string, ...argv: string[]) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, FANOPS_INVENTORY: 'hosts.yml' };
  const { status, stdout, stderr } = spawnSync(BIN, argv, {
    cwd: folder,
    env,
    input: '',
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

const EXPLAINED: readonly [title: string, argv: string[], stdout: string][] = [
  [
    'hosts that have it from the same place are shown together, and what is hidden below',
    ['port'],
    `port on db1
  = 5433
  from host db1  (hosts.yml:5)
  hides group db  (hosts.yml:7)
  hides group all  (group_vars/all.yml:1)

port on db2
  = 5432
  from group db  (hosts.yml:7)
  hides group all  (group_vars/all.yml:1)

port on web
  = 80
  from group all  (group_vars/all.yml:1)

`,
  ],
  [
    'a play hides the inventory, the command line hides the play',
    ['port', '--host', 'db2', '-p', 'p.yml', '-e', 'port=9'],
    `port on db2  (play First)
  = 9
  from the command line
  hides vars of play 1  (p.yml:4)
  hides group db  (hosts.yml:7)
  hides group all  (group_vars/all.yml:1)

`,
  ],
  [
    'a value is computed for its host',
    ['url', '--host', 'db1'],
    `url on db1
  = tcp://db1:5433
  from group db  (hosts.yml:7)

`,
  ],
  [
    'a name that the language itself gives a value',
    ['inventory_hostname', '--host', 'web'],
    'inventory_hostname on web\n  = web\n  from fanops itself\n\n',
  ],
  [
    'all groups',
    ['groups', '--host', 'web'],
    'groups on web\n  = {all: [db1, db2, web], db: [db1, db2], primary: [db1]}\n  from fanops itself\n\n',
  ],
];

for (const [title, argv, stdout] of EXPLAINED)
  test(`explain: ${title}`, () => {
    inFolder(FILES, (folder) => {
      assert.equal(fanops(folder, 'explain', ...argv), { status: 0, stdout, stderr: '' });
    });
  });

test('explain: a misspelt variable and an unknown host are mistakes that name what is near', () => {
  inFolder(FILES, (folder) => {
    const misspelt = fanops(folder, 'explain', 'prot', '--host', 'db1');
    assert.is(misspelt.status, 1);
    assert.match(misspelt.stderr, 'variable `prot` is not defined\n  hint: did you mean `port`?');
    const unknown = fanops(folder, 'explain', 'port', '--host', 'db3');
    assert.is(unknown.status, 1);
    assert.match(unknown.stderr, 'db3');
  });
});

test('explain: what facts are is known only on the host, and hostvars is said to be no variable', () => {
  inFolder(FILES, (folder) => {
    const facts = fanops(folder, 'explain', 'facts', '--host', 'web');
    assert.is(facts.status, 0, facts.stderr);
    assert.match(facts.stdout, 'codename: (known after the host was reached)');
    const { status, stderr } = fanops(folder, 'explain', 'hostvars');
    assert.is(status, 1);
    assert.match(
      stderr,
      'error: `hostvars` is a name of the language, not a variable\n  hint: it leads to the variables of other hosts: fanops explain NAME --host HOST',
    );
  });
});

test('explain: a pattern that leaves no host is a mistake, as for --limit', () => {
  inFolder(FILES, (folder) => {
    const { status, stdout, stderr } = fanops(folder, 'explain', 'port', '--host', 'db:!db');
    assert.equal([status, stdout], [1, '']);
    assert.match(
      stderr,
      'error: `db:!db` leaves no host\n  hint: take a part away, or name a group that has hosts',
    );
  });
});

test('explain --json gives the same to machines', () => {
  inFolder(FILES, (folder) => {
    const { stdout } = fanops(folder, 'explain', 'zone', '--host', 'web', '--json');
    assert.equal(JSON.parse(stdout), {
      schema: 'fanops/explain/1',
      variable: 'zone',
      explanations: [
        {
          host: 'web',
          value: 'north',
          places: [
            {
              level: 'group',
              origin: 'group all',
              position: { file: 'group_vars/all.yml', line: 2, column: 1, endColumn: 5 },
            },
          ],
        },
      ],
    });
  });
});

test('inventory draws the tree', () => {
  inFolder(FILES, (folder) => {
    const tree = '@all:\n  |--@db:\n  |  |--@primary:\n  |  |  |--db1\n  |  |--db2\n  |--web\n';
    assert.is(fanops(folder, 'inventory').stdout, tree);
    assert.is(fanops(folder, 'inventory', '--graph').stdout, tree);
  });
});

test('inventory --list gives groups, hosts and computed variables; --host those of one', () => {
  inFolder(FILES, (folder) => {
    const all = JSON.parse(fanops(folder, 'inventory', '--list').stdout);
    assert.is(all.schema, 'fanops/inventory/1');
    assert.equal(all.groups.db, { children: ['primary'], hosts: ['db2'] });
    assert.is(all.hosts.db1.variables.url, 'tcp://db1:5433');
    const one = JSON.parse(fanops(folder, 'inventory', '--host', 'db1').stdout);
    assert.equal(one.variables, all.hosts.db1.variables);
    assert.equal(one.groups, ['db', 'primary']);
    const missing = fanops(folder, 'inventory', '--host', 'db9');
    assert.is(missing.status, 1);
    assert.match(missing.stderr, 'the inventory has no host `db9`');
  });
});

test('init begins a project that is valid and can be planned, and writes over nothing', () => {
  inFolder({}, (folder) => {
    assert.is(fanops(folder, 'init', 'new').status, 0);
    const project = join(folder, 'new');
    const env = { PATH: process.env.PATH, HOME: process.env.HOME };
    const { status, stdout, stderr } = spawnSync(BIN, ['plan', 'site.yml', '--detailed-exitcode'], {
      cwd: project,
      env,
      input: '',
      encoding: 'utf8',
    });
    assert.is(status, 2, stderr);
    assert.match(stdout, 'Plan: 1 to add');
    writeFileSync(join(project, 'fanops.yml'), 'forks: 3\n');
    const again = fanops(folder, 'init', 'new');
    assert.is(again.status, 1);
    assert.match(again.stderr, 'new/fanops.yml, new/inventory/hosts.yml');
    assert.is(readFileSync(join(project, 'fanops.yml'), 'utf8'), 'forks: 3\n');
  });
});

test('init where no folder can be made ends at once, and says why', () => {
  const { status, stderr } = fanops('/', 'init', '/proc/fanops/new');
  assert.is(status, 1);
  assert.match(
    stderr,
    /error: the folder \/proc\/fanops\/new cannot be made: ENOENT: .*\n {2}hint: nothing was written/,
  );
});

test.run();
