import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Unknown, type Value } from '../../src/core/value.ts';
import { args, items, mistakes, playbook, scope, task, tasks } from './load.ts';

test('tasks have stable ids, numbers through the playbook, names and places', () => {
  const { plays } = playbook(`- name: first
  hosts: db
  tasks:
    - name: Look
      command: ls
    - file: { path: /x }
  handlers:
    - name: H
      command: ls
- hosts: web
  tasks:
    - command: uptime
`);
  const all = plays.flatMap((play) => [...play.tasks, ...play.handlers]);
  assert.equal(
    all.map(({ id, number, name, position }) => [id, number, name, position.line]),
    [
      ['p1.t1', 1, 'Look', 4],
      ['p1.t2', 2, 'file /x', 6],
      ['p1.h1', 3, 'H', 8],
      ['p2.t1', 4, 'command uptime', 12],
    ],
  );
  assert.equal(
    plays.map((play) => play.name),
    ['first', 'web'],
  );
});

const BATCHES: readonly (readonly [serial: string, batches: readonly (readonly string[])[]])[] = [
  ['1', [['db1'], ['db2'], ['web1']]],
  ['2', [['db1', 'db2'], ['web1']]],
  ['"50%"', [['db1'], ['db2'], ['web1']]],
  ['"100%"', [['db1', 'db2', 'web1']]],
  ['[1, "100%"]', [['db1'], ['db2', 'web1']]],
];

for (const [serial, batches] of BATCHES)
  test(`serial: ${serial} splits three hosts`, () =>
    assert.equal(playbook(`- hosts: all\n  serial: ${serial}\n  tasks: []\n`).plays[0]?.batches, batches));

test('play_hosts are the hosts of the play that the limit leaves', () => {
  const [task] = tasks('- command: ls {{join play_hosts ","}}\n  when: size(play_hosts) < size(groups.db)', {
    limit: 'web1,db2',
  });
  assert.is(items(task as never)[0]?.when, true);
  assert.is(args(task as never).cmd, 'ls db2');
});

test('the limit keeps hosts, and what was before it stays known', () => {
  const [play] = playbook('- hosts: all\n  tasks: []\n', { limit: 'web1,db2' }).plays;
  assert.equal(play?.batches, [['db2', 'web1']]);
  assert.equal(play?.allHosts, ['db1', 'db2', 'web1']);
  assert.equal(playbook('- hosts: web\n  tasks: []\n', { limit: 'db' }).plays[0]?.batches, []);
  assert.equal(
    mistakes(() => playbook('- hosts: all\n  tasks: []\n', { limit: 'db9' })),
    ['--limit: the inventory hosts.yml has no host or group `db9` | did you mean `db1`?'],
  );
});

const TAGS: readonly (readonly [tags: string[], skipTags: string[], names: string])[] = [
  [[], [], 'plain a ab always'],
  [['a'], [], 'a ab always'],
  [['b'], [], 'ab always'],
  [['n'], [], 'always never'],
  [['all'], [], 'plain a ab always'],
  [['untagged'], [], 'plain always'],
  [['tagged'], [], 'a ab always'],
  [[], ['a'], 'plain always'],
  [['a'], ['b'], 'a always'],
  [[], ['always'], 'plain a ab'],
];

const TAGGED = `- { name: plain, command: ls }
- { name: a, command: ls, tags: a }
- { name: ab, command: ls, tags: [a, b] }
- { name: always, command: ls, tags: always }
- { name: never, command: ls, tags: "never, n" }
`;

for (const [tags, skipTags, names] of TAGS)
  test(`--tags ${tags.join(',') || '-'} --skip-tags ${skipTags.join(',') || '-'} leaves ${names}`, () => {
    const kept = tasks(TAGGED, { tags, skipTags });
    assert.is(kept.map((t) => t.name).join(' '), names);
  });

test('a tag that no task has is a mistake', () =>
  assert.equal(
    mistakes(() => tasks(TAGGED, { tags: ['alwys'] })),
    ['--tags: no task has the tag `alwys` | did you mean `always`?'],
  ));

test('tags of the play are those of its tasks, not of its handlers', () => {
  const [play] = playbook(
    '- hosts: db\n  tags: t\n  tasks:\n    - { command: ls, tags: u }\n  handlers:\n    - { command: ls, name: h }\n',
  ).plays;
  assert.equal([play?.tasks[0]?.tags, play?.handlers[0]?.tags], [['t', 'u'], []]);
});

test('a loop gives one item each, with keys that tell equal ones apart', () => {
  const of = (loop: string, more = '') =>
    items(task(`- command: "ls {{item}}"\n  loop: ${loop}\n${more}`, { head: 'vars: { none: [] }\n' })).map(
      ({ key, label, args: a }) => [key, label, a.cmd],
    );
  assert.equal(of('[a, b, a]'), [
    ['a', 'a', 'ls a'],
    ['b', 'b', 'ls b'],
    ['a#2', 'a #2', 'ls a'],
  ]);
  assert.equal(
    of('"{{groups.db}}"').map(([key]) => key),
    ['db1', 'db2'],
  );
  assert.equal(of('"{{none}}"'), []);
});

test('a loop over mappings goes by their names, and may be labelled', () => {
  const made = task(
    '- command: "ls {{one.id}}"\n  loop: [{ name: x, id: 1 }, { id: 2 }]\n  loop_control: { loop_var: one, label: "number {{one.id}}" }\n  when: one.id > 1',
  );
  assert.equal(
    items(made).map(({ key, label, when, args: a }) => [key, label, when, a]),
    [
      ['x', 'number 1', false, {}],
      ['[1]', 'number 2', true, { cmd: 'ls 2' }],
    ],
  );
});

test('a loop over what is not known yet is not known', () => {
  const made = task('- { command: ls, register: r }\n- command: "ls {{item}}"\n  loop: "{{r.stdout_lines}}"');
  assert.instance(made.render(scope({ r: new Unknown('x') })), Unknown);
  assert.is(items(made, scope({ r: { stdout_lines: ['a'] } })).length, 1);
});

const ACCOUNTS: readonly (readonly [play: string, task: string, as: string | undefined])[] = [
  ['', '', undefined],
  ['become: true\n', '', 'root'],
  ['become: true\nbecome_user: postgres\n', '', 'postgres'],
  ['become: true\n', 'become: false', undefined],
  ['', 'become_user: "{{role}}"', 'database'],
  ['become: true\nbecome_user: a\n', 'become_user: b', 'b'],
];

for (const [play, own, as] of ACCOUNTS)
  test(`${play.trim().replace('\n', ', ') || 'nothing'} in the play and ${own || 'nothing'} in the task run as ${as ?? 'the session'}`, () =>
    assert.is(items(task(`- command: ls\n  ${own}`, { head: play }))[0]?.as, as));

test('a delegated task keeps the variables of its own host', () => {
  const made = task(
    '- command: "ls {{inventory_hostname}} {{hostvars.db2.index}}"\n  delegate_to: "{{groups.db.[1]}}"\n  run_once: true',
  );
  assert.is(made.runOnce, true);
  assert.equal(items(made)[0]?.on, 'db2');
  assert.is(args(made).cmd, 'ls db1 2');
});

test('arguments of a skipped task are not read', () => {
  const made = task('- command: "ls {{nowhere}}"\n  when: vars.port == 1');
  assert.equal(items(made)[0]?.args, {});
  assert.is(items(made)[0]?.when, false);
});

test('a template becomes content, a local file its digest', () => {
  const files = { 'x.hbs': 'port {{port}}\n', '../templates/y.sh': '#!/bin/sh\n{{not rendered}}\n' };
  const [template, copy] = tasks(
    '- template: { src: x.hbs, dest: /x, mode: "0600" }\n- copy: { src: y.sh, dest: /y }',
    {
      files,
      file: 'books/play.yml',
    },
  );
  assert.equal(args(template as never), { src: 'x.hbs', dest: '/x', mode: '0600', content: 'port 5432\n' });
  assert.equal(args(copy as never), {
    src: 'y.sh',
    dest: '/y',
    source: {
      path: 'templates/y.sh',
      sha256: 'bc574d27bbeb1f267d531e08a3ec5c9954c50d5ad6a0225247138e8e79b2ed49',
      size: 27,
    },
  });
});

test('a template that is one name is a text all the same', () => {
  const made = task('- template: { src: x.hbs, dest: /x }', { files: { 'x.hbs': '{{port}}' } });
  assert.is(args(made).content, '5432');
});

test('a number becomes a text where an argument wants one, and stays one where it does not', () => {
  const made = task('- command: { argv: [x, "{{port}}", "{{enabled}}"] }');
  assert.equal(args(made).argv, ['x', '5432', 'true']);
  assert.is(args(task('- wait_for: { port: "{{port}}" }')).port, 5432);
  assert.is(args(task('- file: { path: /x, content: "{{port}}" }')).content, '5432');
});

test('touches narrow what a task alters', () => {
  const made = task('- command: ls\n  touches: [/etc/x, unit:etcd, anything]');
  assert.equal(made.touches, [
    { on: 'path', path: '/etc/x' },
    { on: 'unit', name: 'etcd.service' },
    { on: 'anything' },
  ]);
});

test('flush_handlers is a task without arguments', () => {
  const made = task('- meta: flush_handlers');
  assert.is(made.resource, 'flush_handlers');
  assert.equal(args(made), {});
});

test('an argument that is not known yet is checked when it is', () => {
  const made = task('- { command: ls, register: r }\n- wait_for: { port: "{{r.status}}" }');
  assert.instance(args(made, scope({ r: new Unknown('x') })).port, Unknown);
  assert.is(args(made, scope({ r: { status: 7 } })).port, 7);
  assert.equal(
    mistakes(() => made.render(scope({ r: { status: 'x' } }))),
    ['4:25 `port` of `wait_for` must be a whole number, found the text "x"'],
  );
});

test('a register whose task did not run for the host is named', () => {
  const all = tasks(
    '- { name: Ask, command: ls, register: r, tags: a }\n- { command: "{{r.stdout}}", tags: b }',
    { tags: ['b'] },
  );
  assert.equal(
    mistakes(() => all[0]?.render(scope())).map((m) => m.split(' |')[0]),
    ['4:18 `r` was not registered on db1: Ask did not run there'],
  );
});

test('rendering the same moment twice gives the same', () => {
  const made = task('- command: "{{index}}"\n  loop: [1, 2]');
  const once: Value = JSON.parse(JSON.stringify(made.render(scope())));
  assert.equal(JSON.parse(JSON.stringify(made.render(scope()))), once);
});

test.run();
