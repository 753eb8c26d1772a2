import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { explain } from '../../src/language/explain.ts';
import { args, inventory, mistakes, playbook, RESOURCES } from './load.ts';

const SOURCE = `all:
  vars: { a: all, b: all, c: all, d: all, e: all, f: all }
  children:
    outer:
      vars: { b: outer, c: outer, d: outer, e: outer, f: outer }
      children:
        inner:
          vars: { c: inner, d: inner, e: inner, f: inner }
          hosts:
            h1: { d: host, e: host, f: host }
`;

const PLAY = `- name: one
  hosts: all
  defaults: { a: defaults, z: defaults }
  vars: { e: play, f: play }
  tasks:
    - command: "{{a}} {{b}} {{c}} {{d}} {{e}} {{f}} {{z}}"
    - command: "{{e}} {{f}}"
      vars: { e: task, f: task }
`;

test('the five levels hide each other in their order', () => {
  const { plays } = playbook(PLAY, { inventory: inventory(SOURCE), extraVars: { f: 'command' } });
  const [first, second] = plays[0]?.tasks ?? [];
  const at = { host: 'h1', registers: {}, facts: {} };
  assert.is(args(first as never, at).cmd, 'all outer inner host play command defaults');
  assert.is(args(second as never, at).cmd, 'task command');
});

test('explain tells where a value comes from and what it hides', () => {
  const explained = explain({
    inventory: inventory(SOURCE),
    playbook: { file: 'play.yml', text: PLAY, readFile: () => '' },
    extraVars: { f: 'command' },
    variable: 'f',
    host: 'h1',
  });
  assert.is(explained.length, 1);
  assert.is(explained[0]?.play, 'one');
  assert.is(explained[0]?.value, 'command');
  assert.equal(
    explained[0]?.places.map(
      ({ level, origin, position }) => `${level}: ${origin} ${position?.file ?? ''}:${position?.line ?? ''}`,
    ),
    [
      'command line: the command line :',
      'play: vars of play 1 play.yml:4',
      'host: host h1 hosts.yml:10',
      'group: group inner hosts.yml:8',
      'group: group outer hosts.yml:5',
      'group: group all hosts.yml:2',
    ],
  );
});

test('explain works without a playbook, and refuses what does not exist', () => {
  const loaded = inventory(SOURCE);
  assert.is(explain({ inventory: loaded, variable: 'c', host: 'h1' })[0]?.value, 'inner');
  assert.equal(
    mistakes(() => explain({ inventory: loaded, variable: 'ansible_hots', host: 'h1' })),
    ['variable `ansible_hots` is not defined | did you mean `ansible_host`?'],
  );
  assert.equal(
    mistakes(() => explain({ inventory: loaded, variable: 'a', host: 'h2' })),
    ['the inventory hosts.yml has no host or group `h2` | did you mean `h1`?'],
  );
});

test('a variable that is broken is a mistake only where it is read', () => {
  const source = (text: string) =>
    `- hosts: db\n  vars: { broken: "{{nowhere}}" }\n  tasks:\n    - command: "${text}"\n`;
  assert.equal(
    mistakes(() => playbook(source('ls'))),
    [],
  );
  assert.equal(
    mistakes(() => playbook(source('ls {{broken}}'))).map((m) => m.split(' |')[0]),
    ['2:22 variable `nowhere` is not defined'],
  );
});

test('variables of hosts that define each other are a cycle too', () => {
  const source = 'all:\n  vars: { a: "{{hostvars.h2.a}}" }\n  hosts: { h1: , h2: }\n';
  assert.equal(
    mistakes(() =>
      playbook('- hosts: h1\n  tasks:\n    - command: "{{a}}"\n', { inventory: inventory(source) }),
    ),
    [
      'hosts.yml:2:11 the variable `a` is defined by itself: a -> a | give one of them a value that does not refer to the others',
    ],
  );
});

test('words that were booleans once are warned of in variables, unless they are quoted', () => {
  const { warnings } = inventory(
    'all:\n  vars: { a: yes, b: [off], c: "on", d: true, e: none }\n  hosts: { h1: }\n',
  );
  assert.equal(
    warnings.map(({ message, hint, position }) => `${position?.column} ${message} | ${hint}`),
    [
      '14 `yes` is a text, not true or false | write true, or "yes" for the text',
      '23 `off` is a text, not true or false | write false, or "off" for the text',
    ],
  );
});

test('variables of the command line are checked like others', () => {
  assert.equal(
    mistakes(() => playbook('- hosts: db\n  tasks: []\n', { extraVars: { 'pg-port': 1 } })),
    ['a variable has a name of letters, digits and _, found `pg-port` | write `pg_port`'],
  );
});

test('what differs between hosts is read for each of them', () => {
  const { plays } = playbook('- hosts: db\n  tasks:\n    - command: "{{index}} {{hostvars.db1.index}}"\n', {
    resources: RESOURCES,
  });
  const [task] = plays[0]?.tasks ?? [];
  assert.is(args(task as never, { host: 'db2', registers: {}, facts: {} }).cmd, '2 1');
});

test.run();
