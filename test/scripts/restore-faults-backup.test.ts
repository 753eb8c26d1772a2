// restore-full.sh where backup, sidecar or key is wrong: each fault has its own message and status, and leaves what was there as it was.
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { flip, nothing, RestoreFaults, replace } from './restore-fault.ts';

const test = suite('restore-full.sh, faults of what is stored');
const on = new RestoreFaults();
on.prepare(test);

on.each(test, [
  {
    what: 'a flipped bit in the ciphertext',
    spoil: () => flip(on.full(), 50000),
    status: 6,
    reason: /sha256 is not the one|cannot be read to its end/,
  },
  {
    what: 'a flipped bit in the head',
    spoil: () => flip(on.full(), 17),
    status: 6,
    reason: /head of \S+ does not decrypt to a gzip/,
  },
  {
    what: 'a flipped bit in the sidecar',
    spoil: () => flip(on.sidecar(), 200),
    status: 6,
    reason: /hmac does not fit|is not a sidecar|sidecar is of/,
  },
  {
    what: 'another hmac',
    spoil: () => replace(on.sidecar(), /"hmac": "./, '"hmac": "g'),
    status: 6,
    reason: /the hmac does not fit/,
  },
  {
    what: 'no hmac',
    spoil: () => replace(on.sidecar(), /"hmac": "\w+"/, '"hmac": ""'),
    status: 6,
    reason: /is not authenticated/,
  },
  {
    what: 'a truncated backup',
    spoil: () => truncateSync(on.full(), 60000),
    status: 6,
    reason: /has 60000 bytes, its sidecar says/,
  },
  { what: 'no sidecar', spoil: () => rmSync(on.sidecar()), status: 10, reason: /has no sidecar beside it/ },
  {
    what: 'no backup of this name',
    spoil: nothing,
    args: () => ['full_backup_20000101_000000.tar.gz'],
    status: 10,
    reason: /in none of the sources/,
  },
  {
    what: 'no backup at all',
    spoil: () => rmSync(on.full()),
    args: () => ['latest'],
    status: 10,
    reason: /there is no full backup in any of the sources/,
  },
  {
    what: 'another key',
    spoil: () => writeFileSync(on.source.host.key, `${'x'.repeat(44)}\n`),
    status: 8,
    reason: /was made with the key \w{16}, and \S+ is the key/,
  },
  {
    what: 'a key with Windows line ends',
    spoil: () => writeFileSync(on.source.host.key, `${'x'.repeat(44)}\r\n`),
    status: 3,
    reason: /Windows line ends/,
  },
  {
    what: 'an empty key',
    spoil: () => writeFileSync(on.source.host.key, '\n'),
    status: 3,
    reason: /has 0 characters/,
  },
  {
    what: 'another cluster',
    spoil: nothing,
    settings: () => ({ CLUSTER_NAME: 'other' }),
    status: 11,
    reason: /of the cluster "test", not of other/,
  },
  {
    what: 'an archive of another system',
    spoil: () => replace(join(on.source.host.archive, 'CLUSTER.json'), /(identifier": ")\d/, '$19'),
    status: 11,
    reason: /is of the system \d+, and the archive \S+ of 9/,
  },
  {
    what: 'a backup that is not encrypted where --decrypt is given',
    spoil: () => {
      replace(on.sidecar(), /"cipher": "[^"]*"/, '"cipher": "none"');
      replace(on.sidecar(), /"hmac": "\w+"/, '"hmac": ""');
    },
    args: () => [on.backup, '--decrypt'],
    settings: () => ({ ENCRYPTION: 'no' }),
    status: 2,
    reason: /--decrypt: \S+ is not encrypted/,
  },
  {
    what: 'another major version of PostgreSQL',
    spoil: () => on.source.host.stub('postgres', 'echo "postgres (PostgreSQL) 16.1"'),
    status: 11,
    reason: /is of PostgreSQL 15.*and \S+ is version 16/,
  },
]);

test.run();
