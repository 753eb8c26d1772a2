import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Unknown } from '../../src/core/value.ts';
import { planText } from '../../src/report/plan-text.ts';
import { change, plan, step, task } from './samples.ts';

test('a plan names what is added, changed, destroyed, run, unknown and blocked', () => {
  const steps = [
    ...['db1', 'db2', 'db3'].map((host) =>
      step({
        host,
        change: change({
          action: 'create',
          fields: [
            { field: 'mode', after: '0644' },
            { field: 'content', text: true, after: 'a\nb\n' },
          ],
        }),
        commands: ['write /etc/x'],
      }),
    ),
    ...['db1', 'db2', 'db3'].map((host) =>
      step({
        host,
        task: task(2, 'Settings'),
        address: 'file /etc/y',
        change: change({
          action: 'update',
          fields: [{ field: 'mode', before: host === 'db2' ? '0600' : '0755', after: '0644' }],
        }),
      }),
    ),
    step({
      host: 'db1',
      task: task(3, 'Old link', 'link'),
      address: 'link /old',
      change: change({
        action: 'delete',
        risk: 'destroys',
        fields: [{ field: 'target', before: '/a b "c"' }],
      }),
    }),
    step({
      host: 'db1',
      task: task(4, 'Restart', 'service'),
      address: 'service patroni',
      handler: 'notified',
      change: change({ action: 'run', risk: 'restarts', reason: 'restarts patroni' }),
    }),
    step({
      host: 'db1',
      task: task(5, 'Unit', 'service'),
      address: 'service etcd',
      change: change({
        action: 'unknown',
        after: '1. A file',
        likely: 'create',
        fields: [{ field: 'version', after: new Unknown('1. A file') }],
      }),
    }),
    step({
      host: 'db1',
      task: task(6, 'Blocked'),
      address: 'file /z',
      change: change({ action: 'blocked', risk: 'reads', reason: 'could not read /z: permission denied' }),
    }),
    step({ host: 'db1', task: task(7, 'Same'), change: change({ action: 'none' }) }),
    step({
      host: 'db1',
      task: task(8, 'Left out'),
      change: change({ action: 'none' }),
      skipped: 'when: false',
    }),
  ];
  const text = planText(
    plan(steps, {
      unreachable: [{ host: 'db4', reason: 'no route to host' }],
      warnings: ['task 4 blinds 3 later tasks'],
    }),
  );
  assert.equal(
    text,
    `PLAY cluster  [db1–db3]

1. A file  (site.yml:10)
  + file /etc/x  [db1–db3]
      mode: 0644
      content:
        @@ -0,0 +1,2 @@
        +a
        +b

2. Settings  (site.yml:20)
  ~ file /etc/y  [db1, db3]
      mode: 0755 -> 0644
  ~ file /etc/y  [db2]
      mode: 0600 -> 0644

3. Old link  (site.yml:30)
  - link /old  [db1]  ! destroys
      target: "/a b \\"c\\"" -> (absent)

4. Restart  (site.yml:40)
  ▶ service patroni  [db1]  ! restarts  handler, notified
      restarts patroni

5. Unit  (site.yml:50)
  ? service etcd  [db1]
      (known after 1. A file; now: likely create)
      version: (known after 1. A file)

6. Blocked  (site.yml:60)
  ✗ file /z  [db1]
      could not read /z: permission denied

Unreachable: db4: no route to host

Warning: task 4 blinds 3 later tasks

Plan: 3 to add, 3 to change, 1 to destroy, 1 to run, 1 unknown, 1 blocked.
`,
  );
});

test('with -v commands, unchanged and skipped steps show too', () => {
  const steps = [
    step({ host: 'db1', change: change({ action: 'create' }), commands: ['install x', 'mv x y'] }),
    step({ host: 'db1', task: task(2, 'Same'), change: change({ action: 'none' }) }),
    step({ host: 'db1', task: task(3, 'Out'), change: change({ action: 'none' }), skipped: 'when: n > 1' }),
  ];
  assert.equal(
    planText(plan(steps), { verbose: true }),
    `PLAY cluster  [db1]

1. A file  (site.yml:10)
  + file /etc/x  [db1]
      $ install x
      $ mv x y

2. Same  (site.yml:20)
    file /etc/x  [db1]

3. Out  (site.yml:30)
  · file /etc/x  [db1]  skipped (when: n > 1)

Plan: 1 to add, 0 to change, 0 to destroy, 0 to run, 0 unknown, 0 blocked.
`,
  );
});

test('a plan in which nothing differs says only so', () => {
  const same = [step({ host: 'db1', change: change({ action: 'none' }) })];
  assert.equal(planText(plan(same)), 'No changes.\n');
});

test('"No changes" is not claimed for hosts that were not reached', () => {
  const unreachable = [{ host: 'db2', reason: 'timed out' }];
  const same = step({ host: 'db1', change: change({ action: 'none' }) });
  assert.equal(
    planText(plan([same], { unreachable })),
    'Unreachable: db2: timed out\n\nNo changes on the hosts that were reached.\n',
  );
  assert.equal(planText(plan([], { unreachable })), 'Unreachable: db2: timed out\n\nNo host was reached.\n');
});

test('control characters of a host are shown, not obeyed', () => {
  const nasty = step({
    host: 'db1',
    address: 'file /a\u001b[2Jb',
    change: change({
      action: 'update',
      fields: [
        { field: 'content', text: true, before: 'x\u001b]0;hi\u0007\n', after: '\u202egnp\n' },
        { field: 'owner', before: 'a\rb', after: 'root' },
      ],
    }),
    commands: ['printf \u001b[31m'],
  });
  const text = planText(plan([nasty]), { verbose: true });
  assert.not(/[\p{Cc}\p{Bidi_Control}]/u.test(text.replaceAll('\n', '')), text);
  assert.match(text, 'file /a^[[2Jb');
});

test.run();
