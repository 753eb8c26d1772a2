import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inventory, mistakes } from '../load.ts';

/** What is wrong, the inventory, and what is said: place, message | what to write. */
const CASES: readonly (readonly [title: string, text: string, mistakes: readonly string[]])[] = [
  ['an empty file', '', ['1:1 the inventory is empty | write `all:` with `hosts:` below it']],
  [
    'a list instead of groups',
    `- db1
- db2
`,
    ['1:1 an inventory is a mapping of groups, found a list | write `all:` with `hosts:` below it'],
  ],
  [
    'hosts written as a list',
    `all:
  hosts:
    - db1
    - db2
`,
    ['3:5 `hosts` must be a mapping, found a list | write `name: value` lines below it'],
  ],
  [
    'a group with an unknown key',
    `all:
  host:
    db1:
`,
    ['2:3 a group has no key `host` | did you mean `hosts`?'],
  ],
  [
    'groups below the wrong key',
    `all:
  groups:
    db:
`,
    ['2:3 a group has no key `groups` | write `children:`'],
  ],
  [
    'a misspelt connection variable',
    `all:
  hosts:
    db1: { ansible_hots: 10.0.0.1 }
`,
    ['3:12 `ansible_hots` is not supported | did you mean `ansible_host`?'],
  ],
  [
    'a password',
    `all:
  hosts:
    db1:
      ansible_password: hunter2
`,
    [
      '4:7 `ansible_password` is not supported | passwords are not supported: use a key (ansible_ssh_private_key_file) or the agent',
    ],
  ],
  [
    'a port in quotes',
    `all:
  hosts:
    db1: { ansible_port: "22" }
`,
    ['3:26 `ansible_port` must be a port from 1 to 65535, found the text "22" | write 22, without quotes'],
  ],
  [
    'yes as a boolean',
    `all:
  vars:
    ansible_become: yes
  hosts:
    db1:
`,
    ['3:21 `ansible_become` must be true or false, found the text "yes" | write true'],
  ],
  [
    'another account to become',
    `all:
  hosts:
    db1: { ansible_become_user: postgres }
`,
    [
      '3:33 a host can only become root, found the text "postgres" | write become_user at the play or the task',
    ],
  ],
  [
    'an unknown connection',
    `all:
  hosts:
    db1: { ansible_connection: docker }
`,
    ['3:32 `ansible_connection` must be ssh or local, found the text "docker"'],
  ],
  [
    'a range of hosts that is none',
    `all:
  hosts:
    db[1-3]:
`,
    ['3:5 `db[1-3]` is not a range of hosts | write db[1:3], db[01:12], rack-[a:f] or db[0:10:2]'],
  ],
  [
    'a range that runs backwards',
    `all:
  hosts:
    db[3:1]:
`,
    ['3:5 the range `db[3:1]` runs backwards | write the lower end first: [1:3]'],
  ],
  [
    'a range without an end',
    `all:
  hosts:
    db[1:99999999]:
`,
    ['3:5 the range `db[1:99999999]` is too long | check its ends'],
  ],
  [
    'INI',
    `# production
[db]
db1 ansible_host=10.0.0.1 weight=5
db2
[db:vars]
mode=0644
on=yes
[site:children]
db
`,
    [
      `2:1 this inventory is in INI, which has no types; inventories are YAML | write it as
all:
  children:
    db:
      hosts:
        db1: { ansible_host: 10.0.0.1, weight: 5 }
        db2:
      vars:
        mode: "0644"
        on: true
    site:
      children:
        db:`,
    ],
  ],
  [
    'INI without a group',
    `db1 ansible_host=10.0.0.1
`,
    [
      `1:1 this inventory is in INI, which has no types; inventories are YAML | write it as
all:
  children:
    ungrouped:
      hosts:
        db1: { ansible_host: 10.0.0.1 }`,
    ],
  ],
  [
    'a duplicate key',
    `all:
  hosts:
    db1:
    db1:
`,
    [
      '4:5 the key `db1` stands twice in this mapping | remove one of the two: the later one would win silently elsewhere',
    ],
  ],
  [
    'a key that is quoted once',
    `all: { hosts: { a: { "true": x, true: y } } }
`,
    [
      '1:33 the key `true` stands twice in this mapping | remove one of the two: the later one would win silently elsewhere',
    ],
  ],
  [
    'a tab',
    `all:
  hosts:
	db1:
`,
    ['3:1 a tab is used for indentation, YAML wants spaces | indent with two spaces'],
  ],
  [
    'a variable named like a function',
    `all:
  vars:
    join: x
  hosts:
    db1:
`,
    [
      '3:5 a variable cannot be called `join`: in templates that is a function | choose another name, such as `join_value`',
    ],
  ],
  [
    'a variable with a dash',
    `all:
  vars:
    pg-version: 15
  hosts:
    db1:
`,
    ['3:5 a variable has a name of letters, digits and _, found `pg-version` | write `pg_version`'],
  ],
  [
    'a variable with a name of our own',
    `all:
  vars:
    groups: 15
  hosts:
    db1:
`,
    [
      '3:5 a variable cannot be called `groups`: the name has a meaning of its own | choose another name, such as `my_groups`',
    ],
  ],
  [
    'Jinja in a variable',
    `all:
  vars:
    data: "{{ base | default('/var') }}"
  hosts:
    db1:
`,
    [
      '3:12 `{{ base | default(\'/var\') }}` is Jinja; templates are Handlebars | write {{optional "base" "/var"}}',
    ],
  ],
  [
    'a merge key',
    `all:
  vars:
    <<: { a: 1 }
  hosts:
    db1:
`,
    ['3:5 merge keys (`<<`) are not part of YAML 1.2 | write the keys out, or use a variable'],
  ],
  [
    'an octal number',
    `all:
  vars:
    mode: 0644
  hosts:
    db1:
`,
    ['3:11 `0644` is the decimal number 644 in YAML 1.2, not an octal one | write "0644"'],
  ],
  [
    'an unquoted template',
    `all:
  vars:
    base: /var
    data: {{ base }}
  hosts:
    db1:
`,
    [
      '4:11 a value that begins with {{ must be quoted: YAML takes the braces for a mapping | write "{{ base }}"',
    ],
  ],
  [
    'a group and a host of one name',
    `all:
  children:
    db1:
      hosts:
        db1:
`,
    ['5:9 `db1` is the name of a group and of a host | rename one of them'],
  ],
  [
    'several mistakes at once',
    `all:
  vars:
    join: 1
    ansible_port: x
  hosts:
    db1: { ansible_pasword: x }
`,
    [
      '3:5 a variable cannot be called `join`: in templates that is a function | choose another name, such as `join_value`',
      '4:19 `ansible_port` must be a port from 1 to 65535, found the text "x"',
      '6:12 `ansible_pasword` is not supported | did you mean `ansible_port`?',
    ],
  ],
];

for (const [title, text, expected] of CASES)
  test(`an inventory with ${title} is refused`, () =>
    assert.equal(
      mistakes(() => inventory(text), 'hosts.yml'),
      expected,
    ));

test.run();
