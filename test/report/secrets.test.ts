import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunEvent } from '../../src/core/event.ts';
import { Masker } from '../../src/core/masker.ts';
import { MASK, Secret } from '../../src/core/secret.ts';
import { lastingText } from '../../src/report/event-lines.ts';
import { maskedEvent } from '../../src/report/masked-event.ts';
import { plainPaint } from '../../src/report/paint.ts';
import { plainReporter } from '../../src/report/plain-reporter.ts';
import { planJson } from '../../src/report/plan-json.ts';
import { planMarkdown } from '../../src/report/plan-markdown.ts';
import { planText } from '../../src/report/plan-text.ts';
import { textDiff } from '../../src/report/text-diff.ts';
import { change, plan, step, task } from './samples.ts';

const CANARY = 'canary-7f3a9';
const FORMER = 'former-22b1c';

const content = Secret.open(
  `user: repl\npassword: ${CANARY}\nport: 1\n`,
  `user: repl\npassword: ${MASK}\nport: 1\n`,
);
const former = `user: repl\npassword: ${FORMER}\nport: 2\n`;

const canaryPlan = plan([
  step({
    host: 'db1',
    change: change({
      action: 'update',
      fields: [
        { field: 'content', text: true, before: former, after: content },
        { field: 'password', before: FORMER, after: Secret.open(CANARY) },
        { field: 'nested', before: { a: [FORMER] }, after: { a: [Secret.open(CANARY), 1] } },
        { field: 'other way', before: Secret.open(FORMER), after: 'unset' },
      ],
      note: { was: FORMER },
    }),
  }),
  step({
    host: 'db1',
    task: task(2, 'Sensitive'),
    sensitive: true,
    change: change({
      action: 'update',
      fields: [{ field: 'content', text: true, before: FORMER, after: CANARY }],
    }),
    commands: [`echo ${CANARY}`],
  }),
]);

const renderers: [string, () => string][] = [
  ['text', () => planText(canaryPlan, { verbose: true })],
  ['JSON', () => planJson(canaryPlan)],
  ['Markdown', () => planMarkdown(canaryPlan)],
];

for (const [name, render] of renderers)
  test(`a plan as ${name} shows neither a secret nor what it replaces`, () => {
    const text = render();
    assert.not.match(text, CANARY);
    assert.not.match(text, FORMER);
    assert.match(text, MASK);
    assert.match(text, 'user: repl');
  });

test('a text with a secret part shows its harmless lines, and every removed line masked', () => {
  assert.equal(textDiff(former, content), [
    '@@ -1,3 +1,3 @@',
    ' user: repl',
    `-${MASK}`,
    `-${MASK}`,
    `+password: ${MASK}`,
    '+port: 1',
  ]);
});

test('a secret line that stays the same is context, masked', () => {
  const before = Secret.open(`password: ${CANARY}\nport: 2\n`, `password: ${MASK}\nport: 2\n`);
  const after = Secret.open(`password: ${CANARY}\nport: 1\n`, `password: ${MASK}\nport: 1\n`);
  assert.equal(textDiff(before, after), ['@@ -1,2 +1,2 @@', ` password: ${MASK}`, `-${MASK}`, '+port: 1']);
});

test('a sealed secret can be compared by its masked lines', () => {
  const sealed = Secret.sealed('ref', `a\nb: ${MASK}\n`);
  assert.equal(textDiff(`a\nb: ${FORMER}\n`, sealed), ['@@ -1,2 +1,2 @@', ' a', `-${MASK}`, `+b: ${MASK}`]);
});

test('a secret of several lines behind one mask shows no line of it', () => {
  const key = Secret.open(`-----BEGIN\n${CANARY}\n-----END\n`);
  assert.equal(textDiff(undefined, key).join('\n').includes(CANARY), false);
  assert.match(textDiff(undefined, key).join('\n'), MASK);
});

const leaky: RunEvent[] = [
  { type: 'unreachable', host: 'db1', reason: `bad key ${CANARY}` },
  {
    type: 'begin',
    host: 'db1',
    task: task(1, CANARY),
    item: CANARY,
    display: `run ${CANARY}`,
    handler: false,
  },
  { type: 'output', host: 'db1', task: task(1, 'T'), item: '', stream: 'stderr', text: `got ${CANARY}\n` },
  { type: 'status', host: 'db1', task: task(1, 'T'), text: `saw ${CANARY}` },
  {
    type: 'end',
    host: 'db1',
    task: task(1, 'T'),
    item: '',
    address: `file /${CANARY}`,
    outcome: 'failed',
    change: change({ action: 'run' }),
    reason: CANARY,
    durationMs: 1,
    handler: false,
    sensitive: false,
    failure: {
      outcome: 'failed',
      message: CANARY,
      command: `echo ${CANARY}`,
      status: 1,
      stderr: Buffer.from(CANARY).toString('base64'),
      stdout: CANARY,
      next: CANARY,
    },
  },
  { type: 'warning', text: CANARY },
];

test('no event shows a known secret, live or line by line', () => {
  const masker = new Masker();
  masker.add(Secret.open(CANARY));
  let text = '';
  const ticker = { now: () => 0, every: () => () => {} };
  const reporter = plainReporter({
    paint: plainPaint,
    ticker,
    verbose: true,
    write(t) {
      text += t;
    },
  });
  for (const event of leaky) {
    reporter.emit(maskedEvent(event, masker));
    text += lastingText(maskedEvent(event, masker), plainPaint, true) ?? '';
  }
  assert.match(text, MASK);
  assert.not.match(text, CANARY);
  assert.not.match(text, Buffer.from(CANARY).toString('base64').replace(/=+$/, ''));
});

test('the failure of a sensitive task shows neither its command nor what it said', () => {
  const [end] = leaky.filter((event) => event.type === 'end');
  if (end?.failure === undefined) throw new Error('no failure');
  const failure = { ...end.failure, message: 'exit status 1', next: 'look' };
  const text = lastingText({ ...end, address: 'x', reason: 'r', failure, sensitive: true }, plainPaint, true);
  assert.match(text ?? '', 'exit status 1 (sensitive: command and output are not shown)');
  assert.not.match(text ?? '', CANARY);
});

test.run();
