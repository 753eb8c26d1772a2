import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failureText } from '../../src/report/failure.ts';
import { task } from './samples.ts';

test('a failure names place, host, command, status, the end of stderr and what to do next', () => {
  const text = failureText({
    host: 'db2',
    task: task(7, 'Start etcd', 'service'),
    item: 'etcd',
    failure: {
      outcome: 'failed',
      message: 'the command ended with exit status 3',
      command: 'systemctl start etcd',
      status: 3,
      stderr: `${Array.from({ length: 22 }, (_, i) => `line ${i}`).join('\n')}\n`,
      stdout: 'not shown',
      next: 'journalctl -u etcd',
    },
  });
  assert.equal(text.split('\n').slice(0, 8), [
    'FAILED: [db2] 7. Start etcd (etcd)',
    '  at      site.yml:70 (service)',
    '  why     the command ended with exit status 3',
    '  ran     systemctl start etcd',
    '  status  exit status 3',
    '  stderr  … 2 lines before',
    '          line 2',
    '          line 3',
  ]);
  assert.equal(text.split('\n').slice(-2), ['          line 21', '  next    journalctl -u etcd']);
});

const headings: [Parameters<typeof failureText>[0]['failure']['outcome'], string][] = [
  ['unreachable', 'UNREACHABLE'],
  ['in-doubt', 'IN DOUBT'],
  ['timed-out', 'TIMED OUT'],
  ['failed', 'FAILED'],
];
for (const [outcome, heading] of headings)
  test(`the outcome ${outcome} is called ${heading}`, () => {
    const failure = { outcome, message: 'm' };
    assert.is(failureText({ host: 'h', task: task(1, 't'), item: '', failure }).split(':')[0], heading);
  });

test('an end that was not seen is not called a status, and stdout speaks where stderr is silent', () => {
  const failure = {
    outcome: 'in-doubt' as const,
    message: 'm',
    command: 'c',
    status: null,
    stderr: ' \n',
    stdout: 'o',
  };
  const text = failureText({ host: 'h', task: task(1, 't'), item: '', failure });
  assert.match(text, 'status  unknown: ended by a signal, or its end was not seen');
  assert.match(text, 'stdout  o');
  assert.not.match(text, 'stderr');
});

test.run();
