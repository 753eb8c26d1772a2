import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reboot } from '../../src/resources/reboot.ts';
import { expectCases, expectRefusedArgs } from './cases.ts';
import { facts, viewOfMembers } from './views.ts';

const test = suite('reboot');

expectCases(test, reboot, [
  {
    title: 'it always interrupts, and then waits',
    args: { timeout: '3m' },
    facts: facts(),
    change: { action: 'run', risk: 'interrupts', fields: [], reason: /^reboots the host$/ },
    commands: [
      { kind: 'shell', display: 'reboot', script: /systemctl reboot/ },
      { kind: 'reboot', withinMs: 180_000 },
    ],
    touches: [{ on: 'anything' }],
    registered: { rebooted: false },
  },
]);

test('a start is told by the kernel and by the first process', () => {
  const view = viewOfMembers({ h1: facts() });
  const [, wait] = reboot.commands({}, reboot.diff({}, view), view);
  assert.ok(wait?.kind === 'reboot');
  const seen = execFileSync('sh', ['-c', wait.boot], { encoding: 'utf8' });
  assert.match(seen, /^[0-9a-f-]{36}\n\d+\n$/);
  assert.is(execFileSync('sh', ['-c', wait.boot], { encoding: 'utf8' }), seen);
});

expectRefusedArgs(test, reboot, [{ timeout: 'soon' }, { when: 'x' }]);

test.run();
