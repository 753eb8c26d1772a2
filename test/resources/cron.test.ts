import { Ajv2020 } from 'ajv/dist/2020.js';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pathFact } from '../../src/facts/path.ts';
import { placeFact } from '../../src/facts/place.ts';
import { type CronArgs, cron, cronFile } from '../../src/resources/cron.ts';
import { ABSENT, facts, value, viewOfMembers } from './views.ts';

const HEAD = '# Written by fanops: changes made here by hand are undone by the next apply.\n';

const FILES: readonly (readonly [string, Omit<CronArgs, 'name'>, string])[] = [
  [
    'all five fields, and a user',
    {
      jobs: [
        { minute: 0, hour: '*/2', day: 1, month: 'JAN', weekday: '1-5', user: 'postgres', command: 'a b' },
      ],
    },
    '0 */2 1 JAN 1-5 postgres a b\n',
  ],
  ['nothing but a command', { jobs: [{ command: ' true ' }] }, '* * * * * root true\n'],
  ['a special time', { jobs: [{ special: 'daily', command: 'x' }] }, '@daily root x\n'],
  [
    'a %, which cron would take for the end',
    { jobs: [{ command: 'date +%F%%' }] },
    '* * * * * root date +\\%F\\%\\%\n',
  ],
  [
    'variables',
    { environment: { MAILTO: '', PATH: '/a:/b', X: ' "y" ', Z: "it's" }, jobs: [{ command: 'x' }] },
    'MAILTO=""\nPATH=/a:/b\nX=\' "y" \'\nZ=it\'s\n* * * * * root x\n',
  ],
];

for (const [title, args, text] of FILES)
  test(`a file with ${title}`, () => {
    assert.is(cronFile({ name: 'n', ...args }), HEAD + text);
  });

test('a new file says when its jobs will run', () => {
  const jobs = [
    { minute: 0, hour: 2, command: 'x' },
    { special: 'reboot', command: 'y' },
  ];
  const folder = placeFact('/etc/cron.d');
  const looked = facts(
    [pathFact('/etc/cron.d/n', { sum: true }), ABSENT],
    [folder, value({ type: 'directory' })],
  );
  const change = cron.diff({ name: 'n', jobs }, viewOfMembers({ h1: looked }));
  assert.is(change.reason, 'runs, by the clock of the host: daily at 02:00; when the host starts');
});

const REFUSED: readonly (readonly [string, object])[] = [
  ['a name that cron ignores', { name: 'a.b', jobs: [{ command: 'x' }] }],
  ['a command of two lines', { name: 'a', jobs: [{ command: 'x\ny' }] }],
  ['an empty command', { name: 'a', jobs: [{ command: ' ' }] }],
  ['a field that is none', { name: 'a', jobs: [{ minute: '5; rm', command: 'x' }] }],
  ['a special time with fields', { name: 'a', jobs: [{ special: 'daily', hour: 1, command: 'x' }] }],
  [
    'a variable of two lines',
    { name: 'a', environment: { A: 'x\n* * * * * root y' }, jobs: [{ command: 'x' }] },
  ],
  ['no jobs', { name: 'a' }],
];

const validate = new Ajv2020({ strict: false }).compile(cron.schema);

for (const [title, args] of REFUSED)
  test(`${title} is refused`, () => {
    assert.is(validate(args), false);
  });

test('what is fit is not refused', () => {
  assert.ok(validate({ name: 'a', state: 'absent' }));
  assert.ok(
    validate({
      name: 'a',
      jobs: [
        { special: 'reboot', command: 'x' },
        { hour: 3, command: 'y' },
      ],
    }),
  );
});

test.run();
