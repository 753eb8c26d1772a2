import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mistakes, playbook } from '../load.ts';

/** What is wrong, the playbook, and what is said: place, message | what to write. */
const CASES: readonly (readonly [title: string, text: string, mistakes: readonly string[]])[] = [
  ['an empty file', '', ['1:1 the playbook is empty | write `- hosts: …` with `tasks:` below it']],
  [
    'a single play without a dash',
    `hosts: db
tasks: []
`,
    ['1:1 a playbook is a list of plays, found a mapping | write `- hosts: …`, with a dash'],
  ],
  [
    'a runbook',
    `runbook: restore
steps: []
`,
    ['1:1 a playbook was expected, found a runbook | run it with `fanops run`'],
  ],
  [
    'a play without hosts',
    `- name: x
  tasks: []
`,
    ['1:3 a play has `hosts:`, none found | write `hosts: all`, a group or a host'],
  ],
  [
    'a misspelt group',
    `- hosts: bd
  tasks: []
`,
    ['1:10 the inventory hosts.yml has no host or group `bd` | did you mean `db`?'],
  ],
  [
    'a pattern that leaves out what is not there',
    `- hosts: all:!db3
  tasks: []
`,
    ['1:10 the inventory hosts.yml has no host or group `db3` | did you mean `db1`?'],
  ],
  [
    'a glob that matches nothing',
    `- hosts: pg*
  tasks: []
`,
    [
      '1:10 no host or group of the inventory hosts.yml matches `pg*` | there are: all, db, db1, db2, web, web1',
    ],
  ],
  [
    'nothing to assert, and a mapping for a text',
    `- hosts: db1
  tasks:
    - assert: { that: [] }
    - file: { path: /x, content: "{{settings}}" }
`,
    [
      '3:23 `that` of `assert` needs at least 1, found a list without any | Conditions that must all hold.',
      '4:34 `content` of `file` must be a text, found a mapping | name one field of it, as {{users.[0].name}} does, or write it whole: {{json users}}',
    ],
  ],
  [
    'a play without tasks',
    `- hosts: db
`,
    ['1:3 a play has `tasks:`, none found | write `tasks:` with a list of tasks below it'],
  ],
  [
    'a misspelt key of a play',
    `- hosts: db
  task: []
`,
    [
      '1:3 a play has `tasks:`, none found | write `tasks:` with a list of tasks below it',
      '2:3 a play has no key `task` | did you mean `tasks`?',
    ],
  ],
  [
    'gather_facts',
    `- hosts: db
  gather_facts: false
  tasks: []
`,
    ['2:3 a play has no key `gather_facts` | remove it: facts are looked at when they are needed'],
  ],
  [
    'a misspelt keyword of a task',
    `- hosts: db
  tasks:
    - command: ls
      regiser: x
`,
    ['4:7 a task has no key `regiser` | did you mean `register`?'],
  ],
  [
    'a module of Ansible',
    `- hosts: db
  tasks:
    - lineinfile: { path: /x, line: y }
`,
    [
      '3:7 there is no resource `lineinfile` | write `line_in_file:`, or better the whole file with `template:`',
    ],
  ],
  [
    'a resource known under another name',
    `- hosts: db
  tasks:
    - apt: { name: jq }
`,
    ['3:7 there is no resource `apt` | write `package:`'],
  ],
  [
    'a module of a collection',
    `- hosts: db
  tasks:
    - community.general.copy: { dest: /x }
`,
    ['3:7 there is no resource `community.general.copy` | write `copy:`'],
  ],
  [
    'with_items',
    `- hosts: db
  tasks:
    - command: "{{ item }}"
      with_items: [a]
`,
    ['4:7 a task has no key `with_items` | write `loop:`'],
  ],
  [
    'sudo',
    `- hosts: db
  tasks:
    - command: ls
      sudo: true
`,
    ['4:7 a task has no key `sudo` | write `become: true`'],
  ],
  [
    'a role',
    `- hosts: db
  tasks:
    - include_role: { name: x }
`,
    ['3:7 there is no resource `include_role` | roles are not supported: write the tasks in a playbook'],
  ],
  [
    'a task without a resource',
    `- hosts: db
  tasks:
    - name: nothing
`,
    [
      '3:7 this task says nothing to do: the name of a resource is missing | write one of them as a key: file, copy, template, package, service, command, wait_for, secret, members, assert',
    ],
  ],
  [
    'two resources in one task',
    `- hosts: db
  tasks:
    - command: ls
      service: { name: x }
`,
    ['4:7 a task has one resource, found `command` and `service` | write two tasks'],
  ],
  [
    'arguments as key=value',
    `- hosts: db
  tasks:
    - service: name=etcd state=started
`,
    [
      '3:16 the arguments of `service` are a mapping, found the text "name=etcd state=started" | write `name: …` on a line of its own',
    ],
  ],
  [
    'a misspelt argument',
    `- hosts: db
  tasks:
    - file: { path: /x, ownr: root }
`,
    ['3:25 `file` has no argument `ownr` | did you mean `owner`?'],
  ],
  [
    'an argument known under another name',
    `- hosts: db
  tasks:
    - file: { dest: /x }
`,
    ['3:15 `file` has no argument `dest` | write `path`'],
  ],
  [
    'a missing argument',
    `- hosts: db
  tasks:
    - file: { content: x }
`,
    ['3:7 `file` needs `path`'],
  ],
  [
    'a mode without quotes',
    `- hosts: db
  tasks:
    - file: { path: /x, mode: 0644 }
`,
    ['3:31 `0644` is the decimal number 644 in YAML 1.2, not an octal one | write "0644"'],
  ],
  [
    'a mode that is a number',
    `- hosts: db
  tasks:
    - file: { path: /x, mode: 644 }
`,
    [
      '3:31 `mode` of `file` must be a text, found the number 644 | write four octal digits in quotes: "0644"',
    ],
  ],
  [
    'a mode of three digits',
    `- hosts: db
  tasks:
    - file: { path: /x, mode: "644" }
`,
    [
      '3:31 `mode` of `file` does not have the right form, found the text "644" | write four octal digits in quotes: "0644"',
    ],
  ],
  [
    'yes for a boolean argument',
    `- hosts: db
  tasks:
    - service: { name: x, enabled: yes }
`,
    ['3:36 `enabled` of `service` must be true or false, found the text "yes" | write true'],
  ],
  [
    'no for a boolean keyword',
    `- hosts: db
  tasks:
    - command: ls
      become: no
`,
    ['4:15 `become` must be true or false, found the text "no" | write false'],
  ],
  [
    'a word that an argument does not know',
    `- hosts: db
  tasks:
    - service: { name: x, state: runing }
`,
    ['3:34 `state` of `service` must be started or stopped, found the text "runing"'],
  ],
  [
    'a port rendered as text',
    `- hosts: db
  tasks:
    - wait_for: { port: "1{{port}}" }
`,
    [
      '3:25 `port` of `wait_for` must be a whole number, found the text "15432" | write 15432, without quotes; a variable keeps its type when the value is only "{{ name }}"',
    ],
  ],
  [
    'an unquoted template',
    `- hosts: db
  tasks:
    - command: {{ x }}
`,
    [
      '3:16 a value that begins with {{ must be quoted: YAML takes the braces for a mapping | write "{{ x }}"',
    ],
  ],
  [
    'an unquoted template with more behind it',
    `- hosts: db
  tasks:
    - file: { path: /x }
      when: true
    - command: {{ x }}/bin
`,
    [
      '5:16 a value that begins with {{ must be quoted: YAML takes the braces for a mapping | write "{{ x }}/bin"',
    ],
  ],
  [
    'an undefined variable',
    `- hosts: db
  tasks:
    - command: "ls {{ prot }}"
`,
    ['3:23 variable `prot` is not defined | did you mean `port`?'],
  ],
  [
    'a variable that one host lacks',
    `- hosts: all
  tasks:
    - command: "ls {{ role }}"
`,
    [
      '3:23 variable `role` is not defined | define it in the inventory, in `defaults:` or `vars:`, or with -e',
    ],
  ],
  [
    'variables that define each other',
    `- hosts: db
  vars:
    a: "{{ b }}"
    b: "{{ a }}"
  tasks:
    - command: "{{ a }}"
`,
    [
      '3:5 the variable `a` is defined by itself: a -> b -> a | give one of them a value that does not refer to the others',
    ],
  ],
  [
    'a null in a text',
    `- hosts: db
  vars: { n: }
  tasks:
    - command: "ls {{ n }}"
`,
    [
      '4:20 `n` is null, which cannot stand in a text | give it a value, or leave it out with {{#if n}}…{{/if}}',
    ],
  ],
  [
    'an unknown handler',
    `- hosts: db
  tasks:
    - command: ls
      notify: Restart etc
  handlers:
    - name: Restart etcd
      service: { name: etcd }
`,
    ['4:15 the play has no handler called `Restart etc` | did you mean `Restart etcd`?'],
  ],
  [
    'two handlers of one name',
    `- hosts: db
  tasks: []
  handlers:
    - { name: A, command: a }
    - { name: A, command: b }
`,
    ['5:7 there are two handlers called `A` | give them different names'],
  ],
  [
    'a register that hides a variable',
    `- hosts: db
  tasks:
    - command: ls
      register: port
`,
    [
      '4:17 `port` is the name of a variable already (group all) | register it under another name, such as `port_result`',
    ],
  ],
  [
    'a register named like a function',
    `- hosts: db
  tasks:
    - command: ls
      register: lookup
`,
    [
      '4:17 a register cannot be called `lookup`: in templates that is a function | choose another name, such as `lookup_value`',
    ],
  ],
  [
    'a register that CEL cannot read',
    `- hosts: db
  tasks:
    - command: ls
      register: package
`,
    [
      '4:17 a register cannot be called `package`: the condition language (CEL) has that word | choose another name, such as `my_package`',
    ],
  ],
  [
    'a register read before it is set',
    `- hosts: db
  tasks:
    - command: "{{ r.stdout }}"
    - command: ls
      register: r
`,
    ['3:16 `r` is registered only later, by "command ls" | move this task below that one'],
  ],
  [
    'a loop over a text',
    `- hosts: db
  tasks:
    - command: "{{ item }}"
      loop: "{{ release }}"
`,
    [
      '4:13 `loop` wants a list, found the text "bookworm" | write "{{ name }}" of a list, or items after `- `',
    ],
  ],
  [
    'a loop over a mapping',
    `- hosts: db
  tasks:
    - command: ls
      loop: "{{ settings }}"
`,
    ['4:13 `loop` wants a list, found a mapping | write a list of mappings, each with a name'],
  ],
  [
    'delegation to an unknown host',
    `- hosts: db
  tasks:
    - command: ls
      delegate_to: db9
`,
    ['4:20 `delegate_to` must be a host of the inventory, found the text "db9" | did you mean `db1`?'],
  ],
  [
    'retries without until',
    `- hosts: db
  tasks:
    - command: ls
      retries: 3
`,
    [
      '4:7 `retries` has no effect without `until` | write `until:` with the condition that ends the repetition',
    ],
  ],
  [
    'an unknown touch',
    `- hosts: db
  tasks:
    - command: ls
      touches: [etcd]
`,
    [
      '4:17 `touches` has no kind `etcd` | write anything, an absolute path, unit:NAME, account:NAME, package:NAME or cluster:NAME',
    ],
  ],
  [
    'a serial that is no size',
    `- hosts: db
  serial: half
  tasks: []
`,
    [
      '2:11 `serial` must be a number of hosts or a percentage, found the text "half" | write 1, "50%", or a list such as [1, "100%"]',
    ],
  ],
  [
    'a missing template',
    `- hosts: db
  tasks:
    - template: { src: none.hbs, dest: /x }
`,
    ['3:24 there is no file `none.hbs` | looked for: none.hbs, templates/none.hbs, ../templates/none.hbs'],
  ],
  [
    'a template with another ending',
    `- hosts: db
  tasks:
    - template: { src: x.j2, dest: /x }
`,
    [
      '3:24 the template `x.j2` does not end in .hbs | rename it to end in .hbs, or use `copy:` to bring it to the host byte for byte',
    ],
  ],
  [
    'a condition of flush_handlers, its own or around it',
    `- hosts: db
  tasks:
    - meta: flush_handlers
      when: false
    - when: false
      block:
        - meta: flush_handlers
`,
    [
      '4:7 `meta: flush_handlers` cannot have `when` | write `when` at the handlers',
      '7:11 `meta: flush_handlers` cannot stand in a block with `when` | move it behind the block, or write `when` at the handlers',
    ],
  ],
  [
    'an environment that is none',
    `- hosts: db
  environment: [A]
  vars: { list: [1], bad: { "1a": x } }
  tasks:
    - file: { path: /x }
      environment: { A: b }
    - command: ls
      environment: { "A B": x, C: [1], D: }
    - command: ls
      environment: "{{list}}"
    - command: ls
      environment: "{{bad}}"
    - command: { cmd: ls, environment: { "A-B": x } }
`,
    [
      '2:16 `environment` must be a mapping, found a list | write `name: value` lines below it',
      '6:7 `file` runs no program that would read `environment` | remove it, or write it at a task that does: command, shell, script',
      '8:22 `A B` cannot be the name of an environment variable | write letters, digits and _, and no digit first',
      '8:35 the environment variable `C` must be a text, a number or a boolean, found a list',
      '8:43 the environment variable `D` must be a text, a number or a boolean, found nothing | write "" for an empty one',
      '10:20 `environment` must be a mapping, found a list',
      '12:20 `1a` cannot be the name of an environment variable | write letters, digits and _, and no digit first',
      '13:42 `A-B` cannot be the name of an environment variable | write letters, digits and _, and no digit first',
    ],
  ],
  [
    'an unknown meta',
    `- hosts: db
  tasks:
    - meta: end_play
`,
    ['3:13 `meta` can only be flush_handlers, found the text "end_play" | write `meta: flush_handlers`'],
  ],
  [
    'a text after a quoted one',
    `- hosts: db
  tasks:
    - command: ls
      when: 'db1' in groups.db
`,
    [
      '4:13 text goes on after the closing quote: YAML takes the quoted part for the whole value | put the whole value in quotes: "\'db1\' in groups.db"',
    ],
  ],
  [
    'a tag of YAML in a condition',
    `- hosts: db
  tasks:
    - command: ls
      when: !done
`,
    ['4:13 `!done` is a tag to YAML, not a text | quote it: "!done"'],
  ],
  [
    'a colon in a value',
    `- hosts: db
  tasks:
    - name: Note: this fails
      command: ls
`,
    [
      '3:13 a second `: ` stands in one line: YAML takes it for a mapping inside a mapping | put the whole value in quotes',
    ],
  ],
  [
    'a Jinja statement as a value',
    `- hosts: db
  tasks:
    - command: {% if x %}a{% endif %}
`,
    [
      '3:16 Jinja statements (`{% … %}`) are not supported | use `when:`, `loop:`, or Handlebars in a quoted text: "{{#if x}}a{{else}}b{{/if}}"',
    ],
  ],
  [
    'a name that would be rendered',
    `- hosts: db
  tasks:
    - name: Install {{ release }}
      command: ls
`,
    ['3:13 the name of a task is not rendered: it is the same on every host | write what it does in words'],
  ],
  [
    'a secret where it would be seen',
    `- hosts: db
  tasks:
    - secret: { path: /s }
      register: s
    - command: "echo {{ s.value }}"
`,
    [
      '5:16 `cmd` of `command` would show a secret | secrets may only stand where they are not seen: in the content of a file, or the stdin of a command',
    ],
  ],
  [
    'a list for a text',
    `- hosts: db
  tasks:
    - file: { path: [/x] }
`,
    ['3:21 `path` of `file` must be a text, found a list'],
  ],
  [
    'a task that may change something where only looking is declared',
    `- hosts: db
  only_looks: true
  tasks:
    - command: ls
      changed_when: false
    - meta: flush_handlers
    - block:
        - command: ls
    - name: Note it
      file: { path: /x }
`,
    [
      '8:11 a play with `only_looks` only reads, and `command` may do more | write `changed_when: false` if it only reads',
      '9:7 a play with `only_looks` only reads, and `file` may do more | move it to a play of its own',
    ],
  ],
  [
    'mistakes in several tasks',
    `- hosts: db
  tasks:
    - comand: ls
    - file: { path: /x, mode: 7 }
    - command: "{{ typo }}"
      when: vars.typo == 1
`,
    [
      '3:7 a task has no key `comand` | did you mean `command`?',
      '4:31 `mode` of `file` must be a text, found the number 7 | write four octal digits in quotes: "0644"',
      '5:20 variable `typo` is not defined | define it in the inventory, in `defaults:` or `vars:`, or with -e',
      '6:18 variable `typo` is not defined | define it in the inventory, in `defaults:` of the play, or with -e',
    ],
  ],
];

for (const [title, text, expected] of CASES)
  test(`a playbook with ${title} is refused`, () =>
    assert.equal(
      mistakes(() => playbook(text, { files: { 'x.j2': '' } })),
      expected,
    ));

const DEEP =
  'lists and mappings are nested too deep | nothing needs more than 100 levels: look for a bracket too many, or an alias of what it stands in';
const endless: [what: string, value: string, column: number][] = [
  ['lists in lists, more than the stack holds', `${'['.repeat(5000)}${']'.repeat(5000)}`, 0],
  ['lists in lists', `${'['.repeat(200)}${']'.repeat(200)}`, 110],
  ['mappings in mappings', `${'{a: '.repeat(200)}x${'}'.repeat(200)}`, 401],
  ['a list that holds itself', '&a [*a]', 16],
];
for (const [what, value, column] of endless)
  test(`a playbook with ${what} is refused as too deep`, () => {
    const [found = '', ...more] = mistakes(() =>
      playbook(`- hosts: db\n  vars: {x: ${value}}\n  tasks: []\n`),
    );
    assert.equal(more, []);
    // Where the stack ends depends on the machine.
    assert.match(found, column === 0 ? DEEP : `2:${column} ${DEEP}`);
  });

test.run();
