import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Task } from '../../src/core/task.ts';
import { args, items, mistakes, playbook, scope, tasks } from './load.ts';

const FILES = {
  'tasks/one.yml': '- name: First\n  command: "ls {{ v }}"\n- include_tasks: two.yml\n  vars: { w: 2 }\n',
  'tasks/two.yml': '- command: "echo {{ v }} {{ w }}"\n  when: vars.w == 2\n',
  'tasks/each.yml':
    '- name: Make\n  file: { path: "/{{ item.name }}", content: "{{ n }}" }\n  when: item.name != \'b\'\n',
  'empty.yml': '# nothing\n',
};

function ids(all: readonly Task[]): string[] {
  return all.map(
    ({ id, number, name, position }) => `${id} ${number} ${name} ${position.file}:${position.line}`,
  );
}

test('the tasks of a file stand in the place of the include, and point into the file', () => {
  const all = tasks('- command: a\n- import_tasks: tasks/one.yml\n  vars: { v: 1 }\n- command: b', {
    files: FILES,
  });
  assert.equal(ids(all), [
    'p1.t1 1 command a play.yml:3',
    'p1.t2.t1 2 First tasks/one.yml:1',
    'p1.t2.t2.t1 3 command tasks/two.yml:1',
    'p1.t3 4 command b play.yml:6',
  ]);
  assert.is(args(all[2] as Task).cmd, 'echo 1 2');
});

test('what stands at an include holds for all tasks of the file', () => {
  const source = `- ansible.builtin.include_tasks: { file: tasks/one.yml }
  when: vars.port == 5432
  vars: { v: x }
  tags: t
  become_user: postgres
  no_log: true`;
  const [first, second] = tasks(source, { files: FILES });
  assert.is(items(second as Task)[0]?.whenText, 'vars.port == 5432 && vars.w == 2');
  assert.equal([first?.tags, first?.sensitive, items(first as Task)[0]?.as], [['t'], true, 'postgres']);
});

test('a loop at an include reads the file once for each item', () => {
  const source = `- include_tasks: tasks/each.yml
  loop: [{ name: a }, { name: b }, { name: "{{ release }}" }]
  vars: { n: "{{ item.name }}!" }`;
  const all = tasks(source, { files: FILES });
  assert.equal(
    all.map(({ id, name }) => `${id} ${name}`),
    ['p1.t1[a].t1 Make (a)', 'p1.t1[b].t1 Make (b)', 'p1.t1[[2]].t1 Make ([2])'],
  );
  assert.equal(
    all.map((task) => [items(task)[0]?.when, args(task).content]),
    [
      [true, 'a!'],
      [false, undefined],
      [true, 'bookworm!'],
    ],
  );
});

test('a loop at an include may be a variable that is the same on all hosts of the play', () => {
  const all = tasks('- include_tasks: x.yml\n  loop: "{{ names }}"\n  loop_control: { loop_var: n }', {
    files: { 'x.yml': '- command: "ls {{ n }} {{ item }}"\n  loop: [1, 2]\n' },
  });
  assert.equal(
    all.flatMap((task) => items(task).map((item) => item.args.cmd)),
    ['ls a 1', 'ls a 2', 'ls b 1', 'ls b 2'],
  );
});

test('blocks may stand in files, and files in blocks and handlers', () => {
  const [play] = playbook(
    '- hosts: db\n  tasks:\n    - block: [{ import_tasks: b.yml }]\n      rescue: [{ command: ls }]\n  handlers:\n    - import_tasks: h.yml\n',
    {
      files: {
        'b.yml': '- block: [{ command: ls, notify: H }]\n  always: [{ command: ls }]\n',
        'h.yml': '- { name: H, command: ls }\n',
      },
    },
  ).plays;
  assert.equal(
    play?.tasks.map((task) => `${task.id} ${(task.blocks ?? []).map(({ part }) => part).join(' ')}`),
    ['p1.t1.b1.t1.b1 block block', 'p1.t1.b1.t1.a1 block always', 'p1.t1.r1 rescue'],
  );
  assert.equal(
    play?.handlers.map((h) => h.id),
    ['p1.h1.t1'],
  );
});

test('another playbook stands in the place of its import, with its own files', () => {
  const { plays } = playbook(
    `- hosts: db
  tasks: [{ command: a }]
- import_playbook: other/site.yml
  vars: { v: 7 }
  when: vars.port == 5432
  tags: t
- hosts: web
  tasks: [{ command: b }]
`,
    {
      files: {
        'other/site.yml':
          '- hosts: db\n  vars_files: [v.yml]\n  tasks:\n    - { command: "ls {{ v }} {{ f }}" }\n    - template: { src: x.hbs, dest: /x }\n- import_playbook: more.yml\n',
        'other/more.yml': '- hosts: web\n  tasks: [{ command: c }]\n',
        'other/v.yml': 'f: from a file\n',
        'other/templates/x.hbs': '{{ f }}',
      },
    },
  );
  assert.equal(
    plays.map(({ id, position }) => `${id} ${position.file}`),
    ['p1 play.yml', 'p2 other/site.yml', 'p3 other/more.yml', 'p4 play.yml'],
  );
  const [command, template] = plays[1]?.tasks ?? [];
  assert.is(args(command as Task).cmd, 'ls 7 from a file');
  assert.is(args(template as Task).content, 'from a file');
  assert.equal([command?.tags, items(command as Task)[0]?.whenText], [['t'], 'vars.port == 5432']);
  assert.equal(plays[2]?.tasks[0]?.tags, ['t']);
});

test('files of variables hide the play, the later the earlier, and are hidden by the task and the command line', () => {
  const of = (more: string, extraVars = {}) =>
    args(
      playbook(
        `- hosts: db\n  vars: { x: play, y: play }\n  vars_files: [a.yml, b.yml]\n  tasks:\n    - command: "{{x}} {{y}} {{index}}"\n${more}`,
        {
          files: { 'a.yml': 'x: a\ny: a\nindex: a\n', 'b.yml': 'x: b\n' },
          extraVars,
        },
      ).plays[0]?.tasks[0] as Task,
    ).cmd;
  assert.is(of(''), 'b a a');
  assert.is(of('      vars: { x: task }\n'), 'task a a');
  assert.is(of('', { y: 'e' }), 'b e a');
});

const BROKEN: readonly (readonly [title: string, tasks: string, mistakes: readonly string[]])[] = [
  [
    'a file that is not there',
    '- include_tasks: tasks/none.yml',
    ['3:22 there is no file `tasks/none.yml` | looked for: tasks/none.yml'],
  ],
  [
    'a file that names itself by another',
    '- include_tasks: loop.yml',
    [
      'back.yml:1:17 this file names itself: loop.yml -> back.yml -> loop.yml | what is done again and again is a `loop:`, or `until:`',
    ],
  ],
  [
    'the playbook itself',
    '- include_tasks: play.yml',
    ['3:22 this file names itself: play.yml | what is done again and again is a `loop:`, or `until:`'],
  ],
  [
    'a name that would be rendered',
    '- include_tasks: "{{ release }}.yml"',
    [
      '3:22 the name of a file to include is not rendered: it is read before any host is known | write several includes, each with a `when:`',
    ],
  ],
  [
    'plays where tasks are wanted',
    '- include_tasks: plays.yml',
    [
      'plays.yml:1:3 a file of tasks was expected, found plays | write `- import_playbook: FILE` between the plays of the playbook',
    ],
  ],
  [
    'a mapping where tasks are wanted',
    '- include_tasks: mapping.yml',
    [
      'mapping.yml:1:1 a file of tasks is a list of tasks, found a mapping | write `- name: …` and the resource below it',
    ],
  ],
  [
    'mistakes in a file, for each turn once',
    '- include_tasks: wrong.yml\n  loop: [1, 2]\n  regster: x',
    [
      '5:7 an include has no key `regster` | an include has: ',
      'wrong.yml:1:3 a task has no key `comand` | did you mean `command`?',
      'wrong.yml:2:19 variable `typo` is not defined | define it in the inventory, in `defaults:` or `vars:`, or with -e',
    ],
  ],
  [
    'a loop that differs between hosts',
    '- include_tasks: empty.yml\n  loop: "{{ lists }}"\n  vars: { lists: ["{{ index }}"] }',
    [
      '4:13 a loop at an include must be the same on every host, and differs between db1 and db2 | put the loop at the tasks of the file',
    ],
  ],
  [
    'a loop over what is registered',
    '- { command: ls, register: r }\n- include_tasks: empty.yml\n  loop: "{{ facts.cpus }}"',
    [
      '5:13 a loop at an include must be known before any host is reached | put the loop at the tasks of the file',
    ],
  ],
];

const WRONG = {
  ...FILES,
  'play.yml': '- hosts: db\n',
  'loop.yml': '- include_tasks: back.yml\n',
  'back.yml': '- import_tasks: loop.yml\n',
  'plays.yml': '- hosts: db\n  tasks: []\n',
  'mapping.yml': 'command: ls\n',
  'wrong.yml': '- comand: ls\n- command: "ls {{ typo }} {{ item }}"\n',
};

for (const [title, source, expected] of BROKEN)
  test(`an include of ${title} is refused`, () =>
    assert.equal(
      mistakes(() => tasks(source, { files: WRONG })).map((m) => m.replace(/(an include has: ).*/, '$1')),
      expected,
    ));

test('imports and files of variables are refused with their places', () => {
  const source = `- import_playbook: "{{ x }}.yml"
- import_playbook: none.yml
  hosts: db
- hosts: db
  vars_files: [none.yml, list.yml, "{{ release }}.yml"]
  tasks: []
`;
  assert.equal(
    mistakes(() => playbook(source, { files: { 'list.yml': '- a\n' } })).map((m) => m.split(' |')[0]),
    [
      'list.yml:1:1 a file of variables is a mapping, found a list',
      '1:20 the name of a playbook is not rendered',
      '2:20 there is no file `none.yml`',
      '3:3 `import_playbook` has no key `hosts` beside it',
      '5:16 there is no file `none.yml`',
      '5:36 the name of a file of variables is not rendered: it is read before any host is known',
    ],
  );
});

test('a register of a file is seen behind it', () =>
  assert.is(
    args(
      tasks('- include_tasks: r.yml\n- command: "{{ r.stdout }}"', {
        files: { 'r.yml': '- command: ls\n  register: r\n' },
      })[1] as Task,
      scope({ r: { stdout: 'x' } }),
    ).cmd,
    'x',
  ));

test.run();
