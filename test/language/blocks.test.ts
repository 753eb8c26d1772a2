import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { args, items, mistakes, playbook, scope, tasks } from './load.ts';

const NESTED = `- name: Set up
  when: vars.enabled
  tags: a
  become_user: postgres
  vars: { v: outer, w: outer }
  ignore_errors: true
  no_log: true
  notify: H
  block:
    - command: "ls {{v}} {{w}}"
      when: vars.port == 1
      tags: b
    - block:
        - command: "ls {{v}} {{w}}"
          ignore_errors: false
      vars: { v: inner }
      always:
        - command: ls
  rescue:
    - command: "echo {{failed_task.name}}"
      when: failed_result.status > 1
  always:
    - command: ls
      sensitive: false
`;

function nested() {
  const indented = NESTED.replaceAll('\n', '\n    ');
  return (
    playbook(`- hosts: db\n  handlers: [{ name: H, command: ls }]\n  tasks:\n    ${indented}`).plays[0]
      ?.tasks ?? []
  );
}

test('the tasks of a block stand one after the other, and know the blocks around them', () =>
  assert.equal(
    nested().map(({ id, number, blocks }) => [
      id,
      number,
      (blocks ?? []).map(({ block, part }) => `${block} ${part}`).join(', '),
    ]),
    [
      ['p1.t1.b1', 1, 'p1.t1 block'],
      ['p1.t1.b2.b1', 2, 'p1.t1 block, p1.t1.b2 block'],
      ['p1.t1.b2.a1', 3, 'p1.t1 block, p1.t1.b2 always'],
      ['p1.t1.r1', 4, 'p1.t1 rescue'],
      ['p1.t1.a1', 5, 'p1.t1 always'],
    ],
  ));

test('what stands at a block holds for all of its tasks, unless they say otherwise', () => {
  const [first, inner, , rescue, always] = nested();
  assert.equal(
    nested().map(({ tags, ignoreErrors, sensitive, notify }) => [tags, ignoreErrors, sensitive, notify]),
    [
      [['a', 'b'], true, true, ['H']],
      [['a'], false, true, ['H']],
      [['a'], true, true, ['H']],
      [['a'], true, true, ['H']],
      [['a'], true, false, ['H']],
    ],
  );
  assert.is(items(first as never)[0]?.whenText, 'vars.enabled && vars.port == 1');
  assert.is(items(always as never)[0]?.as, 'postgres');
  assert.is(args(inner as never).cmd, 'ls inner outer');
  const failed = { failed_task: { name: 'X', resource: 'command' }, failed_result: { status: 2 } };
  assert.is(args(rescue as never, scope(failed)).cmd, 'echo X');
});

test('tags choose among the tasks of a block', () => {
  const source = '- block: [{ command: a, tags: x }, { command: b }]\n  rescue: [{ command: c }]';
  assert.equal(
    tasks(source, { tags: ['x'] }).map((task) => task.id),
    ['p1.t1.b1'],
  );
});

const BROKEN: readonly (readonly [title: string, tasks: string, mistakes: readonly string[]])[] = [
  [
    'a rescue without a block',
    '- rescue: [{ command: ls }]',
    ['3:7 `rescue` stands without a `block` | write the tasks that it belongs to under `block:`'],
  ],
  [
    'a loop at a block',
    '- block: [{ command: ls }]\n  loop: [1]\n  register: r\n  rescu: []',
    [
      '4:7 a block has no key `loop` | write `loop` at its tasks',
      '5:7 a block has no key `register` | write `register` at its tasks',
      '6:7 a block has no key `rescu` | did you mean `rescue`?',
    ],
  ],
  [
    'a block that is no list',
    '- block: { command: ls }',
    ['3:14 `block` must be a list, found a mapping | write its items below it, each after `- `'],
  ],
  [
    'mistakes of tasks in all parts',
    '- block: [{ comand: ls }]\n  rescue: [{ command: "{{x}}" }]\n  always: [{ command: "{{failed_task.name}}" }]',
    [
      '3:17 a task has no key `comand` | did you mean `command`?',
      '4:30 variable `x` is not defined | define it in the inventory, in `defaults:` or `vars:`, or with -e',
      '5:30 variable `failed_task` is not defined | define it in the inventory, in `defaults:` or `vars:`, or with -e',
    ],
  ],
  [
    'both names for hiding what is secret',
    '- command: ls\n  no_log: true\n  sensitive: true',
    ['4:7 `no_log` and `sensitive` mean the same | write one'],
  ],
];

for (const [title, source, expected] of BROKEN)
  test(`${title} is refused`, () =>
    assert.equal(
      mistakes(() => tasks(source)),
      expected,
    ));

test('a handler is no block', () =>
  assert.equal(
    mistakes(() =>
      playbook('- hosts: db\n  tasks: []\n  handlers:\n    - block: [{ command: ls, name: H }]\n'),
    ),
    ['4:7 a handler is one task, found a block | write its tasks as handlers'],
  ));

const FAILING: readonly (readonly [keys: string, most: number | undefined])[] = [
  ['serial: 1\n', undefined],
  ['any_errors_fatal: true\n', undefined],
  ['any_errors_fatal: false\n', 100],
  ['max_fail_percentage: 0\n', 0],
  ['max_fail_percentage: 33.3\n', 33.3],
  ['max_fail_percentage: "25%"\n', 25],
  ['any_errors_fatal: false\n  max_fail_percentage: 30\n', 30],
];

for (const [keys, most] of FAILING)
  test(`a play with ${JSON.stringify(keys)} bears ${most ?? 'no failure'}`, () =>
    assert.is(playbook(`- hosts: db\n  ${keys}  tasks: []\n`).plays[0]?.maxFailPercentage, most));

test('a threshold that is none is refused', () =>
  assert.equal(
    mistakes(() =>
      playbook('- hosts: db\n  any_errors_fatal: true\n  max_fail_percentage: 101\n  tasks: []\n'),
    ),
    [
      '3:3 `max_fail_percentage` has no effect beside `any_errors_fatal: true` | remove one of the two',
      '3:24 `max_fail_percentage` must be a number from 0 to 100, found the number 101 | write 25: with more than a quarter of a batch failed, all stop',
    ],
  ));

test.run();
