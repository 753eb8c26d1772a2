import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../../src/core/secret.ts';
import { keyId } from '../../src/escrow/key-id.ts';

const KEY = 'JxJt0vy3sB1l1h8kPt4o3y2dZc0oQn2k7XqWf5m9aTs=';

/** As the backup scripts have it, from openssl. */
function byOpenssl(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'fanops-key-id-'));
  try {
    writeFileSync(join(folder, 'key'), content);
    const derivation = '-aes-256-cbc -pbkdf2 -iter 10000 -md sha256 -S 66616e61686d6163'.split(' ');
    const said = execFileSync(
      'openssl',
      ['enc', ...derivation, '-pass', `file:${join(folder, 'key')}`, '-P'],
      {
        encoding: 'utf8',
      },
    );
    return /iv =([0-9A-F]{16})/.exec(said)?.[1]?.toLowerCase() ?? '';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const [title, content] of [
  ['a key with its end of line', `${KEY}\n`],
  ['a key without one', KEY],
  ['a key with more lines after it', `${KEY}\nand more\n`],
] as const)
  test(`${title} has the id that the backup scripts give it`, () => {
    const id = keyId(Secret.open(content));
    assert.match(id, /^[0-9a-f]{16}$/);
    assert.is(id, byOpenssl(content));
  });

test('only the first line counts, and every character of it', () => {
  const id = keyId(Secret.open(KEY));
  assert.is(keyId(Secret.open(`${KEY}\nmore`)), id);
  assert.is.not(keyId(Secret.open(`${KEY} `)), id);
});

test.run();
