import { Writable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunEvent } from '../../src/core/event.ts';
import type { Activity } from '../../src/report/activity.ts';
import { liveRows } from '../../src/report/live-rows.ts';
import { choosePaint, plainPaint } from '../../src/report/paint.ts';
import { plainReporter } from '../../src/report/plain-reporter.ts';
import { realTicker, type Ticker } from '../../src/report/reporter.ts';
import { terminalReporter } from '../../src/report/terminal-reporter.ts';
import { change, task } from './samples.ts';

/** A ticker moved by hand: one turn per second that passes. */
function handTicker(): Ticker & { pass(seconds: number): void } {
  let now = 0;
  let turn = () => {};
  return {
    now: () => now,
    every(_ms, given) {
      turn = given;
      return () => {
        turn = () => {};
      };
    },
    pass(seconds) {
      for (let i = 0; i < seconds; i += 1) {
        now += 1000;
        turn();
      }
    },
  };
}

const install = task(4, 'Install PostgreSQL', 'package');
const begin: RunEvent = {
  type: 'begin',
  host: 'db1',
  task: install,
  item: '',
  display: 'apt-get\ninstall',
  handler: false,
};
const changed: RunEvent = {
  type: 'end',
  host: 'db1',
  task: install,
  item: '',
  address: 'package postgresql-15',
  outcome: 'changed',
  change: change({ action: 'create' }),
  durationMs: 75_400,
  handler: false,
  sensitive: false,
};
const none = { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 };

test('without a terminal a run is plain lines, with a heartbeat for each 30 s of silence', async () => {
  const ticker = handTicker();
  let text = '';
  const write = (t: string) => {
    text += t;
  };
  const reporter = plainReporter({ paint: plainPaint, ticker, verbose: false, write });
  reporter.emit({ type: 'connecting', host: 'db1' });
  reporter.emit({ type: 'connected', host: 'db1' });
  reporter.emit({ type: 'looking', host: 'db1', facts: 12 });
  reporter.emit({ type: 'play', name: 'cluster', hosts: ['db1'] });
  reporter.emit(begin);
  ticker.pass(20);
  reporter.emit({
    type: 'output',
    host: 'db1',
    task: install,
    item: '',
    stream: 'stdout',
    text: 'Get:1 10%\r20%\r\nx\u001b[1m\n',
  });
  reporter.emit({ type: 'output', host: 'db1', task: install, item: '', stream: 'stderr', text: 'W: old\n' });
  ticker.pass(65);
  reporter.emit({ type: 'status', host: 'db1', task: install, text: 'contact lost: reset' });
  reporter.emit(changed);
  ticker.pass(100);
  reporter.emit({ type: 'finished', outcome: 'done', recap: { db1: none }, pendingHandlers: {} });
  await reporter.close();
  assert.equal(
    text,
    `
PLAY cluster  [db1]
[db1] 4. Install PostgreSQL: apt-get install
[db1] | 20%
[db1] | x^[[1m
[db1] ! W: old
[db1] 4. Install PostgreSQL: running for 50 s, silent for 30 s
[db1] 4. Install PostgreSQL: running for 1 min 20 s, silent for 1 min 00 s
[db1] … contact lost: reset
changed: [db1] 4. Install PostgreSQL  package postgresql-15  1 min 15 s

PLAY RECAP
db1 : ok=0   changed=0   unreachable=0   failed=0   skipped=0   rescued=0   ignored=0
`,
  );
});

test('a wait is told when what it sees changes, and every 30 s when it does not', async () => {
  const ticker = handTicker();
  let text = '';
  const write = (t: string) => {
    text += t;
  };
  const reporter = plainReporter({ paint: plainPaint, ticker, verbose: false, write });
  for (let second = 0; second < 62; second += 1) {
    const seen = second < 5 ? 'role=replica' : 'role=leader';
    reporter.emit({ type: 'status', host: 'db1', task: install, text: `${seen}, ${second} s` });
    ticker.pass(1);
  }
  await reporter.close();
  assert.equal(
    text,
    `[db1] … role=replica, 0 s
[db1] … role=leader, 5 s
[db1] … role=leader, 35 s
`,
  );
});

test('with -v the connections and looks are told too', async () => {
  let text = '';
  const write = (t: string) => {
    text += t;
  };
  const reporter = plainReporter({ paint: plainPaint, ticker: handTicker(), verbose: true, write });
  reporter.emit({ type: 'connected', host: 'db1' });
  reporter.emit({ type: 'looking', host: 'db1', facts: 12 });
  await reporter.close();
  assert.equal(text, '[db1] connected\n[db1] looking at 12 facts\n');
});

const running = (since: number, last = ''): Activity => ({
  kind: 'running',
  task: install,
  item: '',
  since,
  heard: since,
  last,
});

test('few hosts have a row each, with elapsed time, silence and the last line of output', () => {
  const hosts = new Map<string, Activity>([
    ['db1', running(0, 'Unpacking …')],
    ['db10', { kind: 'looking', facts: 1 }],
    ['db3', { kind: 'unreachable' }],
  ]);
  assert.equal(liveRows(hosts, 45_000, 100), [
    'db1   4. Install PostgreSQL  45 s  silent for 45 s\n› Unpacking …',
    'db10  looking at 1 fact',
  ]);
});

test('more than 20 hosts are summed up, and only those that run longest have rows', () => {
  const hosts = new Map<string, Activity>();
  for (let i = 1; i <= 30; i += 1) hosts.set(`db${i}`, i <= 8 ? running(i * 100) : { kind: 'waiting' });
  hosts.set('db30', { kind: 'unreachable' });
  const rows = liveRows(hosts, 1000, 100);
  assert.is(rows[0], '30 hosts: 1 unreachable, 21 waiting, 8 running (unreachable: db30)');
  assert.equal(
    rows.slice(1).map((row) => row.split(' ')[0]),
    ['db1', 'db2', 'db3', 'db4', 'db5'],
  );
});

test('no row is wider than the terminal', () => {
  const [row = ''] = liveRows(new Map([['db1', running(0, 'y'.repeat(300))]]), 1000, 60);
  for (const line of row.split('\n')) assert.ok(line.length <= 60);
});

/** A stream that says it is a terminal. */
function fakeTerminal(): { stream: NodeJS.WriteStream; text(): string } {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY: true, columns: 80, rows: 24 }) as unknown as NodeJS.WriteStream,
    text: () => text,
  };
}

test('on a terminal what has happened stays, what is happening is drawn live and taken away', async () => {
  const { stream, text } = fakeTerminal();
  const ticker: Ticker = { now: () => realTicker.now(), every: (_ms, turn) => realTicker.every(10, turn) };
  const reporter = terminalReporter({ stream, ticker, paint: plainPaint, colour: false, verbose: false });
  reporter.emit({ type: 'play', name: 'cluster', hosts: ['db1'] });
  reporter.emit(begin);
  reporter.emit({
    type: 'output',
    host: 'db1',
    task: install,
    item: '',
    stream: 'stdout',
    text: 'Unpacking\n',
  });
  await until(() => text().includes('Unpacking'));
  reporter.emit(changed);
  await until(() => text().includes('changed: [db1]'));
  reporter.emit({ type: 'finished', outcome: 'done', recap: { db1: none }, pendingHandlers: {} });
  await reporter.close();
  assert.match(text(), 'PLAY cluster  [db1]\n');
  assert.match(text(), /\nPLAY RECAP\ndb1 : ok=0 .*\n$/);
  assert.match(text(), '\u001b[2K');
});

async function until(met: () => boolean): Promise<void> {
  for (let i = 0; i < 6000 && !met(); i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(met(), 'it did not happen within a minute');
}

const paints: [boolean, boolean, { [name: string]: string }, boolean][] = [
  [true, false, {}, true],
  [false, false, {}, false],
  [true, true, {}, false],
  [true, false, { NO_COLOR: '1' }, false],
  [true, false, { NO_COLOR: '' }, true],
  [true, false, { TERM: 'dumb' }, false],
];
for (const [terminal, noColour, env, coloured] of paints)
  test(`terminal ${terminal}, --no-color ${noColour}, ${JSON.stringify(env)}: ${coloured ? 'colours' : 'no colours'}`, () =>
    assert.is(
      choosePaint({ terminal, noColour, env })('failed', 'x'),
      coloured ? '\u001b[31mx\u001b[0m' : 'x',
    ));

test.run();
