import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '../../src/core/session.ts';
import { quote } from '../../src/core/shell.ts';
import { connector } from '../../src/transport/connector.ts';
import { untilGone } from './begun.ts';
import { startSshd, type TestSshd } from './sshd.ts';

interface Context {
  sshd: TestSshd;
  session: Session;
}

const patient = { timeoutMs: 20_000 };

for (const connection of ['local', 'ssh'] as const) {
  const test = suite<Context>(`a look (${connection})`);

  test.before(async (context) => {
    context.sshd = await startSshd();
    context.session = await connector(context.sshd.settings)(context.sshd.host({ connection }));
  });

  test.after(async ({ session, sshd }) => {
    await session.close();
    await sshd.stop();
  });

  test('begins with what the host says of itself', ({ session }) => {
    const { hello } = session;
    assert.is(hello.hostname, hostname());
    assert.is(hello.uid, process.getuid?.());
    assert.is(hello.kernel, execFileSync('uname', ['-r']).toString().trim());
    assert.is(hello.architecture, execFileSync('uname', ['-m']).toString().trim());
    assert.ok(hello.distribution !== '' && hello.codename !== '');
    assert.ok(hello.cpus >= 1 && hello.memoryMb > 100 && hello.bootId.length > 36);
    assert.equal(hello.pendingHandlers, []);
  });

  test('answers byte for byte, with status and both streams', async ({ session }) => {
    const cases: readonly (readonly [string, number, string, string])[] = [
      ['echo out; echo err >&2; exit 7', 7, 'out\n', 'err\n'],
      ["printf 'no newline'", 0, 'no newline', ''],
      ["printf 'a\\0b\\377'", 0, 'a\0b\xff', ''],
      ['cat; echo end', 0, 'end\n', ''],
      ['exec false', 1, '', ''],
      ['set -e; false; echo never', 1, '', ''],
      [':', 0, '', ''],
      [`printf %s ${quote("it's\n€ 🐘 \\n %s")}`, 0, Buffer.from("it's\n€ 🐘 \\n %s").toString('latin1'), ''],
    ];
    const answers = await Promise.all(cases.map(([script]) => session.probe(script, patient)));
    assert.equal(
      answers.map((a) => [a.status, a.stdout.toString('latin1'), a.stderr]),
      cases.map(([, ...expected]) => expected),
    );
  });

  test('costs one wait, however many are asked at once', async ({ session }) => {
    const before = session.stats.waits;
    await Promise.all(Array.from({ length: 60 }, (_, i) => session.probe(`echo ${i}`, patient)));
    assert.is(session.stats.waits, before + 1);
    assert.ok(session.stats.bytesSent > 0 && session.stats.bytesReceived > 0);
  });

  test('changes nothing on the host', async ({ session, sshd }) => {
    await session.probe('true', patient);
    assert.not(existsSync(join(sshd.dir, 'state')));
    assert.not(existsSync(join(sshd.dir, 'run')));
  });

  test('carries a script of a mebibyte', async ({ session }) => {
    const text = 'x'.repeat(1 << 20);
    assert.is((await session.probe(`printf %s ${text}`, patient)).stdout.length, 1 << 20);
  });

  test('runs as another account', async ({ session }) => {
    const answer = await session.probe('id -un; cat', { ...patient, as: 'nobody' });
    assert.is(answer.stdout.toString(), 'nobody\n');
    const missing = await session.probe('id -un', { ...patient, as: 'no-such-account' });
    assert.is(missing.status, 125);
  });

  for (const mayHang of [false, true])
    test(`that hangs is ended in time, and others go on (mayHang: ${mayHang})`, async ({ session }) => {
      const sleeps = ['1031', '1032'].map((seconds) => `sleep ${seconds}.${process.pid}`);
      const script = `trap '' TERM; echo begun; ${sleeps.join('; ')}`;
      const hung = session.probe(script, { timeoutMs: 2_000, mayHang });
      const next = session.probe('echo next', patient);
      const answer = await hung;
      assert.is(answer.status, 124);
      assert.is(answer.stdout.toString(), 'begun\n');
      assert.match(answer.stderr, /no answer within 2 s/);
      assert.is((await next).stdout.toString(), 'next\n');
      // They were killed, which takes a moment.
      for (const words of sleeps) await untilGone(words);
    });

  test('that kills the shared shell fails alone', async ({ session }) => {
    const [before, culprit, after] = await Promise.all([
      session.probe('echo before', patient),
      session.probe('kill -9 $$', patient),
      session.probe('echo after', patient),
    ]);
    assert.is(before.stdout.toString(), 'before\n');
    assert.is(culprit.status, 128);
    assert.match(culprit.stderr, /ended the shell/);
    assert.is(after.stdout.toString(), 'after\n');
  });

  test('of thirty that may hang, at once, all are answered', async ({ session }) => {
    const numbers = Array.from({ length: 30 }, (_, i) => i);
    const answers = await Promise.all(
      numbers.map((i) => session.probe(`echo ${i}`, { ...patient, mayHang: true })),
    );
    assert.equal(
      answers.map((a) => Number(a.stdout)),
      numbers,
    );
  });

  test('refuses a NUL in a script', async ({ session }) => {
    const error = await session.probe('a\0b', patient).catch((e: Error) => e);
    assert.match((error as Error).message, /NUL/);
  });

  test.run();
}
