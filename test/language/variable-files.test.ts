import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HostScope } from '../../src/language/host-scope.ts';
import { type Loaded, loadInventory, readInventory } from '../../src/language/load-inventory.ts';
import { loadPlaybook } from '../../src/language/load-playbook.ts';
import { namesOf } from '../../src/language/names.ts';
import { variablesOf } from '../../src/language/play-scope.ts';
import type { Folders } from '../../src/language/variable-files.ts';
import { mistakes, RESOURCES } from './load.ts';

const INVENTORY = `all:
  vars: { from: inline all }
  children:
    db:
      vars: { of_db: inline db }
      children:
        primary: { hosts: { db1: { own: inline host } } }
        standby: { hosts: { db2: , db3.example.com: } }
`;

/** A tree of files as text, as the controller would list it. */
function folders(files: { readonly [path: string]: string }): Folders {
  return {
    list(folder) {
      const prefix = folder.endsWith('/') ? folder : `${folder}/`;
      const below = Object.keys(files).filter((path) => path.startsWith(prefix));
      const names = below.map((path) => path.slice(prefix.length).replace(/\/.*$/, '/'));
      return below.length === 0 ? undefined : [...new Set(names)].reverse();
    },
    read: (file) => files[file] ?? '',
  };
}

function load(files: { readonly [path: string]: string }): Loaded {
  return loadInventory('inv/hosts.yml', INVENTORY, folders(files));
}

function scopeOf(loaded: Loaded, host: string): HostScope {
  const none = new Map();
  const layers = { defaults: none, vars: none, commandLine: none };
  return variablesOf(host, loaded, layers, { taskVars: none, local: none }, namesOf('variable', {}));
}

const PRECEDENCE: readonly (readonly [title: string, variable: string, files: string[], db1: string])[] = [
  ['a file of all hides what stands inline at all', 'from', ['group_vars/all.yml'], 'group_vars/all.yml'],
  ['what stands inline at a child hides a file of its parent', 'of_db', ['group_vars/all.yml'], 'inline db'],
  ['a file of a group hides what stands inline there', 'of_db', ['group_vars/db.yml'], 'group_vars/db.yml'],
  [
    'a child group hides its parent',
    'v',
    ['group_vars/primary.yml', 'group_vars/db.yml'],
    'group_vars/primary.yml',
  ],
  ['a host hides its groups', 'v', ['host_vars/db1.yml', 'group_vars/primary.yml'], 'host_vars/db1.yml'],
  ['a file of a host hides what stands inline', 'own', ['host_vars/db1.yml'], 'host_vars/db1.yml'],
  [
    'a file hides a folder of its group',
    'v',
    ['group_vars/db.yml', 'group_vars/db/z.yml'],
    'group_vars/db.yml',
  ],
  [
    'of a folder the last name hides',
    'v',
    ['group_vars/db/b.yaml', 'group_vars/db/a.yml'],
    'group_vars/db/b.yaml',
  ],
  [
    'folders may hold folders',
    'v',
    ['group_vars/db/b/x.yml', 'group_vars/db/a.yml'],
    'group_vars/db/b/x.yml',
  ],
  ['a file needs no ending', 'v', ['group_vars/db'], 'group_vars/db'],
  [
    'hidden files and those of editors are not read',
    'from',
    ['group_vars/all/.x.yml', 'group_vars/all/x.yml~'],
    'inline all',
  ],
];

for (const [title, variable, files, expected] of PRECEDENCE)
  test(title, () => {
    const tree = files.map((file) => [`inv/${file}`, `${variable}: ${file}\n`]);
    assert.is(scopeOf(load(Object.fromEntries(tree)), 'db1').variable(variable), expected);
  });

test('everything that a value hides can be named, with its file', () => {
  const scope = scopeOf(
    load({ 'inv/group_vars/all.yml': '\nfrom: file\n', 'inv/group_vars/db/x.yml': 'from: folder\n' }),
    'db1',
  );
  assert.equal(
    scope.definitions('from').map(({ origin, position }) => `${origin} ${position?.file}:${position?.line}`),
    ['group db inv/group_vars/db/x.yml:1', 'group all inv/group_vars/all.yml:2', 'group all inv/hosts.yml:2'],
  );
});

test('a host with dots in its name has files with and without an ending', () => {
  for (const file of ['inv/host_vars/db3.example.com', 'inv/host_vars/db3.example.com.yml'])
    assert.is(scopeOf(load({ [file]: 'v: 1\n' }), 'db3.example.com').variable('v'), 1);
});

test('how a host is reached may stand in a file of its group', () =>
  assert.is(load({ 'inv/group_vars/db.yml': 'ansible_port: 2222\n' }).inventory.hosts[0]?.port, 2222));

test('mistakes in several files are shown with those of the inventory', () =>
  assert.equal(
    mistakes(
      () =>
        loadInventory(
          'inv/hosts.yml',
          'all:\n  hosts: { db1: }\n  var: {}\n',
          folders({ 'inv/group_vars/all.yml': '- a\n', 'inv/host_vars/db1.yml': 'a-b: 1\nx: [\n' }),
        ),
      'inv/hosts.yml',
    ),
    [
      'inv/group_vars/all.yml:1:1 a file of variables is a mapping, found a list | write `name: value` lines',
      'inv/host_vars/db1.yml:3:1 Flow sequence in block collection must be sufficiently indented and end with a ]',
      '3:3 a group has no key `var` | did you mean `vars`?',
    ],
  ));

test('a file for a name that is nearly one of the inventory is a warning, another one is not', () => {
  const { warnings } = load({
    'inv/group_vars/dbs.yml': 'a: 1\n',
    'inv/group_vars/webservers.yml': 'a: 1\n',
  });
  assert.equal(
    warnings.map(({ message, hint }) => `${message} | ${hint}`),
    ['the inventory has no group `dbs`: nobody has these variables | did you mean `db`?'],
  );
});

test('a folder beside the playbook is refused, unless that is where the inventory is', () => {
  const files = { 'play/group_vars/db.yml': 'a: 1\n' };
  const of = (inventoryFile: string) => () =>
    loadPlaybook({
      file: 'play/site.yml',
      text: '- hosts: db\n  tasks: []\n',
      inventory: loadInventory(inventoryFile, INVENTORY, folders(files)),
      resources: RESOURCES,
      folders: folders(files),
      readFile: () => '',
    });
  assert.equal(mistakes(of('play/hosts.yml')), []);
  assert.equal(mistakes(of('inv/hosts.yml')), [
    'play/group_vars stands beside the playbook, and is not read | variables of groups and hosts belong beside the inventory: move it to inv/group_vars',
  ]);
});

test('mistakes of the inventory and of the playbook are shown together', () =>
  assert.equal(
    mistakes(() =>
      loadPlaybook({
        file: 'play.yml',
        text: '- hosts: db\n  task: []\n  tasks:\n    - command: "{{ x }}"\n',
        inventory: readInventory('hosts.yml', 'all:\n  childs: {}\n'),
        resources: RESOURCES,
        readFile: () => '',
      }),
    ),
    [
      'hosts.yml:2:3 a group has no key `childs` | known: children, hosts, vars',
      '2:3 a play has no key `task` | did you mean `tasks`?',
    ],
  ));

test.run();
