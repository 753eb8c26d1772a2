import { pbkdf2Sync } from 'node:crypto';
import type { Secret } from '../core/secret.ts';

/** As docs/backup-format.md has them: the salt "fanahmac", and what follows the 32 bytes of the derived key. */
const SALT = 'fanahmac';
const ITERATIONS = 10_000;
const KEY_BYTES = 32;
const ID_BYTES = 8;

/** The name by which backups and CLUSTER.json tell keys apart: 16 hex digits that give nothing of the key away. */
export function keyId(keyFile: Secret): string {
  const [firstLine = ''] = keyFile.expose().split('\n');
  return pbkdf2Sync(firstLine, SALT, ITERATIONS, KEY_BYTES + ID_BYTES, 'sha256')
    .subarray(KEY_BYTES)
    .toString('hex');
}
