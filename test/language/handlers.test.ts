import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mistakes, playbook } from './load.ts';

test('a topic notifies every handler that listens to it, once', () => {
  const [play] = playbook(`- hosts: db
  tasks:
    - { command: ls, notify: [web, A, B] }
  handlers:
    - { name: A, command: a, listen: web }
    - { name: B, command: b, notify: again }
    - { name: C, command: c, listen: [web, again] }
`).plays;
  assert.equal(play?.tasks[0]?.notify, ['A', 'C', 'B']);
  assert.equal(
    play?.handlers.map(({ notify }) => notify),
    [[], ['C'], []],
  );
});

test('handlers run behind pre_tasks, and before and behind post_tasks', () => {
  const [play] = playbook(`- hosts: db
  post_tasks: [{ command: c }]
  tags: t
  tasks: [{ command: b }]
  pre_tasks: [{ command: a }, { block: [{ command: aa }] }]
`).plays;
  assert.equal(
    play?.tasks.map(({ id, name, tags }) => `${id} ${name} ${tags.join()}`),
    [
      'p1.b1 command a t',
      'p1.b2.b1 command aa t',
      'p1.f1 flush_handlers always',
      'p1.t1 command b t',
      'p1.g1 flush_handlers always',
      'p1.a1 command c t',
    ],
  );
});

test('what stands between parts stays, whichever tags are chosen', () => {
  const [play] = playbook(
    '- hosts: db\n  pre_tasks: [{ command: a, tags: x }]\n  tasks: [{ command: b }]\n',
    { tags: ['x'] },
  ).plays;
  assert.equal(
    play?.tasks.map(({ id }) => id),
    ['p1.b1', 'p1.f1'],
  );
});

test('a play may have nothing but pre_tasks', () =>
  assert.is(playbook('- hosts: db\n  pre_tasks: [{ command: a }]\n').plays[0]?.tasks[0]?.name, 'command a'));

test('a topic that nobody listens to, and one at a task, are refused', () =>
  assert.equal(
    mistakes(() =>
      playbook(
        '- hosts: db\n  tasks:\n    - { command: ls, notify: wbe, listen: x }\n  handlers:\n    - { name: A, command: a, listen: web }\n',
      ),
    ),
    [
      '3:30 the play has no handler called `wbe` | did you mean `web`?',
      '3:43 `listen` has a meaning only at handlers | move the task below `handlers:`, or remove it',
    ],
  ));

test.run();
