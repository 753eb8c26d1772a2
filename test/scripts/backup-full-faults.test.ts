// backup-full.sh, killed, out of time, with a wrong key, or deceived by its disk: its own message and status each, and
// what was there before stays.
import * as assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { PG_BIN, run } from './backup-host.ts';
import { FullBackups } from './full-backups.ts';
import { refused } from './ran.ts';

const test = suite('backup-full.sh, faults');
const on = new FullBackups();
on.prepare(test);

/** Endings of what is in full/, but for those that begin with a dot. */
function endings(): string[] {
  return readdirSync(on.host.full)
    .filter((name) => !name.startsWith('.'))
    .map((name) => name.replace(/^full_backup_\d+_\d+/, ''))
    .sort();
}

const WHOLE = ['.tar.gz', '.tar.gz.json', '.tar.gz.sha256'];

for (const [linked, pattern] of [
  [[], '*.tar.gz.tmp'],
  [['.tar.gz'], '*.sha256.tmp'],
  [['.tar.gz', '.tar.gz.sha256'], '*.json.tmp'],
] as const)
  test(`killed with ${linked.length} of 3 links made: the next run is not kept from its work`, async () => {
    on.host.stub('ln', `case $1 in */full/${pattern}) kill -9 $PPID ;; *) exec /bin/ln "$@" ;; esac`);
    assert.notEqual((await on.full()).status, 0);
    assert.deepEqual(endings(), linked);
    rmSync(join(on.host.bin, 'ln'));
    const ran = await on.full(['--verify']);
    assert.equal(ran.status, 0, ran.stderr);
    // What had been written to its end is completed; what had no name yet is gone.
    assert.equal(/an earlier run was killed/.test(ran.stderr), linked.length > 0);
    assert.deepEqual(endings(), [...WHOLE, ...(linked.length > 0 ? WHOLE : []), 'latest.tar.gz'].sort());
    const verified = await on.host.run('backup-verify.sh', ['--deep'], { ...on.server.settings, PG_BIN });
    assert.doesNotMatch(verified.stderr, /full_backup.*(stored|content)/);
    assert.ok(!readdirSync(on.host.full).some((name) => name.endsWith('.tmp')));
  });

test('what does not verify is moved aside, and latest stays where it was', async () => {
  assert.equal((await on.full(['--verify'])).status, 0);
  const latest = readlinkSync(join(on.host.full, 'latest.tar.gz'));
  // The second read of the ciphertext finds another byte than was written.
  on.host.stub(
    'openssl',
    'case "$*" in "dgst -sha256 -r "*/full/full_backup*) printf "%064d *x\\n" 0 ;; *) exec /usr/bin/openssl "$@" ;; esac',
  );
  await new Promise((resolve) => setTimeout(resolve, 1000));
  refused(await on.full(['--verify']), 6, /was stored but does not verify, and was moved to .*damaged/);
  assert.deepEqual(endings(), [...WHOLE, 'latest.tar.gz'].sort());
  assert.equal(readlinkSync(join(on.host.full, 'latest.tar.gz')), latest);
  assert.equal(readdirSync(join(on.host.archive, 'damaged')).length, 3);
});

test('a backup that does not end in its time is ended', async () => {
  rmSync(join(on.host.bin, 'pg_basebackup'));
  on.host.stub('pg_basebackup', 'exec sleep 60');
  refused(
    await on.full([], { FULL_TIMEOUT_SECONDS: '1' }),
    1,
    /did not end within 1 s \(FULL_TIMEOUT_SECONDS\)/,
  );
  assert.deepEqual(endings(), []);
});

const KEYS: readonly [what: string, content: string | undefined, reason: RegExp][] = [
  ['no key', undefined, /does not exist: apply install.yml/],
  ['an empty one', '', /has 0 characters, at least 32/],
  ['a blank first line', `\n${'x'.repeat(44)}\n`, /has 0 characters, at least 32/],
  ['Windows line ends', `${'x'.repeat(44)}\r\n`, /Windows line ends/],
  ['another one than the archive', `${'y'.repeat(44)}\n`, /was written with the key/],
];
for (const [what, content, reason] of KEYS)
  test(`refuses ${what} before anything is written`, async () => {
    assert.equal((await on.full(['--init-archive'])).status, 0);
    if (content === undefined) rmSync(on.host.key);
    else writeFileSync(on.host.key, content);
    refused(await on.full(), 3, reason);
    assert.deepEqual(endings(), []);
  });

for (const program of ['igzip', 'openssl', 'tee'])
  test(`${program} killed in the middle: nothing is kept, and it is said who broke off`, async () => {
    const real = run('which', [program]).toString().trim();
    const broken = program === 'openssl' ? '[[ $1 == enc && $* != *-P* ]]' : 'true';
    on.host.stub(
      program,
      `if ${broken}; then head -c 100000 >/dev/null; kill -9 $$; fi`,
      `exec ${real} "$@"`,
    );
    refused(await on.full(), 1, /the stream broke off; .* ended with/);
    assert.deepEqual(endings(), []);
    assert.ok(!existsSync(join(on.host.full, 'latest.tar.gz')));
  });

test.run();
