import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../../src/core/secret.ts';
import type { BatchCommand, BatchResult, Session } from '../../src/core/session.ts';
import { quote } from '../../src/core/shell.ts';
import { connector } from '../../src/transport/connector.ts';
import { begun, untilGone } from './begun.ts';
import { recorded } from './recorded.ts';
import { startSshd, type TestSshd } from './sshd.ts';

interface Context {
  sshd: TestSshd;
  session: Session;
  dir: string;
}

let keys = 0;
function nextKey(): string {
  keys += 1;
  return `run-1.segment-${keys}`;
}

function command(script: string, more: Partial<BatchCommand> = {}): BatchCommand {
  return { id: 'only', script, timeoutMs: 20_000, ...more };
}

function runAll(session: Session, ...commands: BatchCommand[]): Promise<BatchResult> {
  return session.run({ key: nextKey(), commands }, {});
}

for (const connection of ['local', 'ssh'] as const) {
  const test = suite<Context>(`a batch (${connection})`);

  test.before(async (context) => {
    context.sshd = await startSshd();
    context.dir = mkdtempSync(join(tmpdir(), 'fanops-batch-'));
    context.session = await connector(context.sshd.settings)(context.sshd.host({ connection }));
  });

  test.after(async ({ session, sshd, dir }) => {
    await session.close();
    await sshd.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  test('runs its commands in order and stops at the first failure', async ({ session }) => {
    const recording = recorded();
    const commands = [
      command('echo one; echo uno >&2', { id: 'a' }),
      command('echo two; exit 3', { id: 'b' }),
      command('echo three', { id: 'c' }),
    ];
    const result = await session.run({ key: nextKey(), commands }, recording.listener);
    assert.is(result.outcome, 'failed');
    assert.equal(
      result.results.map((r) => [r.status, r.stdout, r.stderr, r.truncated]),
      [
        [0, 'one\n', 'uno\n', false],
        [3, 'two\n', '', false],
      ],
    );
    assert.equal(recording.calls, ['started a', 'finished a 0', 'started b', 'finished b 3']);
    assert.is(recording.text('a', 'stdout'), 'one\n');
    assert.is(recording.text('a', 'stderr'), 'uno\n');
  });

  test('begins at the same key only once', async ({ session, dir }) => {
    const counter = join(dir, 'counter');
    const batch = { key: nextKey(), commands: [command(`echo x >> ${counter}; echo out; exit 4`)] };
    const first = await session.run(batch, {});
    const second = await session.run(batch, {});
    assert.is(readFileSync(counter, 'utf8'), 'x\n');
    assert.is(first.outcome, 'failed');
    assert.is(second.outcome, 'failed');
    assert.is(second.results[0]?.status, 4);
    assert.is(second.results[0]?.truncated, true, 'its output was freed');
  });

  const hostile: readonly (readonly [string, string | Buffer])[] = [
    ['nothing', ''],
    ['quotes', `it's "quoted" \`and\` $HOME \\ back\\n`],
    ['newlines', '\n\n a \n\n'],
    [
      'UTF-8 with all continuation bytes',
      String.fromCodePoint(...Array.from({ length: 64 }, (_, i) => 0x1f400 + i), 0xc1, 0x81),
    ],
    ['control characters', Buffer.from(Array.from({ length: 255 }, (_, i) => i + 1))],
    ['NUL bytes', Buffer.from('a\0b\0\0')],
    ['every byte', randomBytes(70_000)],
    ['a mebibyte', 'line of text\n'.repeat(80_660)],
    ['three mebibytes, on a channel of their own', randomBytes(3 << 20)],
  ];
  for (const [title, content] of hostile)
    test(`carries ${title} to stdin byte for byte`, async ({ session }) => {
      const bytes = Buffer.from(content as string);
      const stdin =
        typeof content === 'string'
          ? ({ kind: 'text', text: content } as const)
          : ({ kind: 'base64', base64: bytes.toString('base64') } as const);
      const result = await runAll(session, command('sha256sum; wc -c </dev/stdin', { stdin }));
      const digest = createHash('sha256').update(bytes).digest('hex');
      assert.is(result.outcome, 'done', JSON.stringify(result));
      assert.is(result.results[0]?.stdout.split(' ')[0], digest);
    });

  test('runs scripts of any text', async ({ session }) => {
    for (const text of ["it's", 'a\nb', '€ ü 🐘', '\\n', '%s', '-n', 'x'.repeat(200_000)]) {
      const result = await runAll(session, command(`printf '%s' ${quote(text)}`));
      assert.is(result.results[0]?.stdout, text);
    }
  });

  test('streams a file of the controller, and refuses one that has changed', async ({ session, dir }) => {
    const path = join(dir, 'big');
    const content = randomBytes(5 << 20);
    writeFileSync(path, content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const source = { kind: 'file', path, sha256, size: content.length } as const;
    const result = await runAll(session, command('sha256sum', { stdin: source }));
    assert.is(result.results[0]?.stdout, `${sha256}  -\n`);
    const changed = await runAll(
      session,
      command('sha256sum', { stdin: { ...source, sha256: '0'.repeat(64) } }),
    );
    assert.is(changed.outcome, 'refused');
    assert.match(changed.reason ?? '', /has changed: expected sha256 0000/);
    const gone = await runAll(session, command('true', { stdin: { ...source, path: `${path}.none` } }));
    assert.is(gone.outcome, 'refused');
    assert.match(gone.reason ?? '', /cannot be read/);
  });

  test('keeps a secret on stdin out of argv and of every file', async ({ session, sshd }) => {
    const secret = Secret.open('correct horse battery');
    const look = `cat >/dev/null; grep -als 'correct hors[e]' /proc/[0-9]*/cmdline; grep -rls 'correct hors[e]' ${sshd.dir}/run ${sshd.dir}/state; true`;
    const result = await runAll(session, command(look, { stdin: { kind: 'text', text: secret } }));
    assert.is(result.results[0]?.stdout, '');
  });

  test('gives a command without stdin nothing to read', async ({ session }) => {
    const result = await runAll(session, command('cat; echo end'), command('echo next'));
    assert.equal(
      result.results.map((r) => r.stdout),
      ['end\n', 'next\n'],
    );
  });

  test('does not wait for a child that a command leaves behind', async ({ session, dir }) => {
    const child = `until [ -e ${dir}/go-${connection} ]; do sleep 0.05; done`;
    const result = await runAll(session, command(`(${child}) & echo started`), command('echo next'));
    writeFileSync(join(dir, `go-${connection}`), '');
    assert.equal(
      result.results.map((r) => r.stdout),
      ['started\n', 'next\n'],
    );
  });

  test('survives a command that kills its shell or its group', async ({ session }) => {
    const shell = await runAll(session, command('echo before; kill -9 $$'), command('echo never'));
    assert.is(shell.outcome, 'failed');
    assert.equal(
      shell.results.map((r) => [r.status, r.stdout]),
      [[137, 'before\n']],
    );
    const group = await runAll(session, command('echo before; kill -TERM 0; sleep 1'));
    assert.is(group.results[0]?.status, 143);
  });

  test('ends a command when its time is over, with everything it began', async ({ session, dir }) => {
    const script = `trap '' TERM; (setsid sh -c 'sleep 1001; :' ${dir}/late &); sh -c 'sleep 1002; :' ${dir}/late`;
    const result = await runAll(session, command(script, { timeoutMs: 1_000 }), command('echo never'));
    assert.is(result.outcome, 'timed-out');
    assert.match(result.reason ?? '', /only was ended after 1 s/);
    assert.equal(
      result.results.map((r) => r.status),
      [null],
    );
    await untilGone(`${dir}/late`);
  });

  test('notes handlers before a command and strikes them after its success', async ({ session, sshd }) => {
    const names = ['restart patroni', 'it\'s / a % \n"name"', 'ü'.repeat(120)];
    const handlers = `ls ${sshd.dir}/state/handlers | wc -l`;
    const noted = await runAll(session, command(`${handlers}; exit 1`, { notes: names }));
    assert.is(noted.results[0]?.stdout, '3\n', 'noted before it runs');
    const again = await connector(sshd.settings)(sshd.host({ connection }));
    assert.equal([...again.hello.pendingHandlers].sort(), [...names].sort());
    const failed = await runAll(session, command('exit 1', { strikes: names }));
    assert.is(failed.outcome, 'failed');
    assert.is(
      (await runAll(session, command(handlers, { strikes: names.slice(1) }))).results[0]?.stdout,
      '3\n',
    );
    assert.is((await runAll(session, command(handlers))).results[0]?.stdout, '1\n');
    await again.strike(names);
    await again.close();
    assert.is((await runAll(session, command(handlers))).results[0]?.stdout, '0\n');
  });

  test('runs as another account, with its home and its stdin', async ({ session }) => {
    const script = 'id -un; pwd; echo "$HOME"; cat; exit 5';
    const result = await runAll(
      session,
      command(script, { as: 'nobody', stdin: { kind: 'text', text: 'input\n' } }),
    );
    assert.is(result.results[0]?.stdout, 'nobody\n/\n/nonexistent\ninput\n');
    assert.is(result.results[0]?.status, 5);
    const missing = await runAll(session, command('id', { as: 'no-such-account' }));
    assert.match(missing.results[0]?.stderr ?? '', /no account no-such-account/);
    assert.is(missing.results[0]?.status, 125);
  });

  test('keeps head and tail of output that is too big', async ({ session }) => {
    const recording = recorded();
    const script = 'echo first; head -c 3000000 /dev/zero | tr "\\0" x; echo; echo last; echo small >&2';
    const result = await session.run({ key: nextKey(), commands: [command(script)] }, recording.listener);
    const { stdout = '', stderr, truncated } = result.results[0] ?? {};
    assert.is(truncated, true);
    assert.ok(stdout.startsWith('first\nxxx') && stdout.endsWith('xxx\nlast\n'));
    assert.match(stdout, /\n\.\.\. \d+ bytes left out \.\.\.\n/);
    assert.ok(stdout.length < 300_000);
    assert.is(stderr, 'small\n');
    assert.is(recording.text('only', 'stdout').length, 256 * 1024);
  });

  test('frees the memory of endless output while it runs', async ({ session, sshd }) => {
    const blocks = `du -k ${sshd.dir}/run/batches/*/0.out | cut -f1`;
    const script = `head -c 40000000 /dev/zero; until [ "$(${blocks})" -lt 20000 ]; do sleep 0.1; done; ${blocks} >&2`;
    const result = await runAll(session, command(script, { timeoutMs: 120_000 }));
    const kilobytes = Number(result.results[0]?.stderr);
    assert.ok(kilobytes > 0 && kilobytes < 20_000, `${kilobytes} kB of 40000 kept`);
  });

  test('can be cancelled, with everything that it began', async ({ session, dir }) => {
    const key = nextKey();
    const script = `(setsid sh -c 'sleep 1003; :' ${dir}/left &); echo begun; sleep 1003`;
    const { listener, saying } = begun();
    const commands = [command(script, { timeoutMs: 900_000 }), command('echo never')];
    const running = session.run({ key, commands }, listener);
    await saying;
    await session.cancel(key, 'TERM');
    const result = await running;
    assert.is(result.outcome, 'cancelled');
    assert.equal(
      result.results.map((r) => r.status),
      [143],
    );
    await untilGone(`${dir}/left`);
  });

  test('can be halted: what runs ends by itself, and nothing more begins', async ({ session, dir }) => {
    const key = nextKey();
    const script = `echo begun; until [ -e ${dir}/halted ]; do sleep 0.05; done; echo whole`;
    const { listener, saying } = begun();
    const running = session.run({ key, commands: [command(script), command('echo never')] }, listener);
    await saying;
    await session.halt(key);
    writeFileSync(join(dir, 'halted'), '');
    const result = await running;
    assert.is(result.outcome, 'cancelled');
    assert.equal(
      result.results.map((r) => [r.status, r.stdout]),
      [[0, 'begun\nwhole\n']],
    );
  });

  test('files come from the host byte for byte while a batch runs, and what cannot be read says why', async ({
    session,
    dir,
  }) => {
    const whole = randomBytes(3_000_000);
    const path = join(dir, "o'dd $(x) -file");
    writeFileSync(path, whole);
    const running = session.run({ key: nextKey(), commands: [command('sleep 0.7')] }, {});
    const chunks: Buffer[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    assert.is((await session.download(path, sink)).status, 0);
    assert.ok(Buffer.concat(chunks).equals(whole));
    const missing = await session.download(join(dir, 'missing'), new PassThrough().resume());
    assert.is.not(missing.status, 0);
    assert.match(missing.stderr, /missing/);
    await running;
  });

  test('is refused while a batch of another run still works there', async ({ session, sshd, dir }) => {
    const operator = await connector(sshd.settings)(sshd.host({ connection }));
    const key = nextKey();
    const script = `echo begun; until [ -e ${dir}/refused ]; do sleep 0.05; done`;
    const { listener, saying } = begun();
    const running = session.run({ key, commands: [command(script)] }, listener);
    await saying;
    const other = await operator.run({ key: 'another-run.1', commands: [command('echo never')] }, {});
    assert.is(other.outcome, 'refused');
    assert.match(other.reason ?? '', new RegExp(`${key}, begun by another run, still works on this host`));
    writeFileSync(join(dir, 'refused'), '');
    assert.is((await running).outcome, 'done');
    const later = await operator.run({ key: 'another-run.1', commands: [command('echo now')] }, {});
    assert.is(later.results[0]?.stdout, 'now\n');
    await operator.close();
  });

  test('is not waited for any more when its files were removed', async ({ session }) => {
    const script = 'sleep 0.5; rm -rf "${0%/*}"; sleep 20';
    const removed = session.run({ key: nextKey(), commands: [command(script)] }, {});
    assert.is.not((await removed).outcome, 'done');
  });

  test('is in doubt when the program that ran it was killed', async ({ session }) => {
    const result = await runAll(session, command('echo half; kill -9 $PPID; sleep 0.3'));
    assert.is(result.outcome, 'in-doubt');
    assert.match(result.reason ?? '', /was killed/);
    assert.equal(
      result.results.map((r) => [r.status, r.stdout]),
      [[null, 'half\n']],
    );
  });

  test('is refused when the host was restarted before, and in doubt when meanwhile', async ({ sshd }) => {
    const state = join(sshd.dir, 'other-state');
    const session = await connector(sshd.settings)(sshd.host({ connection, stateDir: state }));
    mkdirSync(join(state, 'batches'), { recursive: true });
    writeFileSync(
      join(state, 'batches', 'old'),
      'claim other-boot 2020-01-01T00:00:00Z\nbegin 0 a\nend 0 0 10 -\nbegin 1 b\n',
    );
    const commands = [
      command('true', { id: 'a' }),
      command('true', { id: 'b' }),
      command('true', { id: 'c' }),
    ];
    const result = await session.run({ key: 'old', commands }, {});
    assert.is(result.outcome, 'in-doubt');
    assert.match(result.reason ?? '', /was restarted/);
    assert.equal(
      result.results.map((r) => r.status),
      [0, null],
    );
    await session.close();
  });

  test('leaves nothing behind but its claim', async ({ session, sshd }) => {
    const key = nextKey();
    const commands = [command('echo x', { stdin: { kind: 'text', text: 'input' } })];
    await session.run({ key, commands }, {});
    await session.probe(':', { timeoutMs: 20_000 });
    assert.equal(readdirSync(join(sshd.dir, 'run', 'staged')), []);
    const left = ['run', 'state'].map((kind) => readdirSync(join(sshd.dir, kind, 'batches')));
    assert.equal(
      left.map((names) => names.filter((name) => name.includes(key))),
      [[], [key]],
    );
  });

  test('is refused where the host has no place for it', async ({ sshd, dir }) => {
    const file = join(dir, 'not-a-directory');
    writeFileSync(file, '');
    for (const place of [{ stateDir: join(file, 'state') }, { runDir: join(file, 'run') }]) {
      const session = await connector(sshd.settings)(sshd.host({ connection, ...place }));
      const result = await runAll(session, command('echo x'));
      assert.is(result.outcome, 'refused');
      assert.match(result.reason ?? '', /Not a directory/);
      assert.equal(result.results, []);
      await session.close();
    }
  });

  test('refuses what could not be carried as it is', async ({ session }) => {
    const cases: readonly (readonly [string, BatchCommand, RegExp])[] = [
      ['a/b', command('true'), /batch key/],
      ['..', command('true'), /batch key/],
      ['ok', command('a\0b'), /NUL/],
      ['ok', command('true', { as: '-x' }), /account/],
    ];
    for (const [key, one, message] of cases) {
      const error = await session.run({ key, commands: [one] }, {}).then(
        () => undefined,
        (e: Error) => e,
      );
      assert.match(error?.message ?? 'nothing was thrown', message);
    }
  });

  test.run();
}
