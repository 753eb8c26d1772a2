// freeze_check of backup-lib.sh: who is told to wait, for how long.
import * as assert from 'node:assert/strict';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { BackupHost } from './backup-host.ts';

const test = suite('schedule-freeze');
let host: BackupHost;
test.before.each(() => {
  host = new BackupHost();
  const lib = join(host.dir, 'scripts/backup-lib.sh');
  writeFileSync(
    join(host.dir, 'scripts/checks.sh'),
    `#!/bin/bash\n. ${lib}\nload_settings checks\nfreeze_check\necho goes on\n`,
    { mode: 0o755 },
  );
  host.own();
});
test.after.each(() => host.remove());

const CASES: readonly [what: string, content: string, hoursOld: number, status: number, says: RegExp][] = [
  [
    'a freeze that lasts',
    '{"holder": "run 7", "reason": "a recovery", "expires": "2999-01-01T00:00:00Z"}',
    0,
    12,
    /frozen by run 7 until 2999-01-01T00:00:00Z: a recovery/,
  ],
  [
    'one that has ended',
    '{"holder": "run 7", "reason": "", "expires": "2020-01-01T00:00:00Z"}',
    0,
    0,
    /run 7 ended .* abandoned/,
  ],
  ['one without a time', '{"holder": "run 7", "reason": "x"}', 0, 12, /frozen by run 7 until a day after/],
  ['one that cannot be read', 'not JSON', 1, 12, /frozen by unknown/],
  ['one that cannot be read, of yesterday', '', 25, 0, /abandoned/],
];
for (const [what, content, hoursOld, status, says] of CASES)
  test(`${what}: ends with ${status}`, async () => {
    const file = join(host.dir, 'state/schedule-freeze');
    writeFileSync(file, content);
    const time = Date.now() / 1000 - 3600 * hoursOld;
    utimesSync(file, time, time);
    const ran = await host.run('checks.sh', []);
    assert.match(ran.stderr, says);
    assert.equal(ran.status, status);
    assert.equal(ran.stdout, status === 0 ? 'goes on\n' : '');
  });

test('nothing is said where nothing is frozen', async () => {
  const ran = await host.run('checks.sh', []);
  assert.deepEqual([ran.status, ran.stdout, ran.stderr], [0, 'goes on\n', '']);
});

test.run();
