// backup-verify.sh on the golden archive, spoilt in one way at a time.
import * as assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { BackupHost, ended, PG_BIN, type Ran, run, type Settings } from './backup-host.ts';

const test = suite('backup-verify.sh');
const FULL = 'full/full_backup_20261123_014927.tar.gz';
const SEGMENT = 'wal/000000010000000000000009.gz';

let host: BackupHost;
let settings: Settings;
test.before.each(() => {
  host = new BackupHost();
  settings = { ...host.takeGolden(), PG_BIN };
});
test.after.each(() => host.remove());

function verify(args: readonly string[] = [], more: Settings = {}): Promise<Ran> {
  return host.run('backup-verify.sh', args, { ...settings, ...more });
}

interface Report {
  readonly status: string;
  readonly failed: number;
  readonly results: readonly {
    readonly artefact: string;
    readonly status: string;
    readonly problem: string;
  }[];
}

function report(): Report {
  const directory = join(host.dir, 'log/backup-reports');
  const [name = ''] = readdirSync(directory);
  assert.match(name, /^backup_verification_\d{8}_\d{6}\.json$/);
  return JSON.parse(readFileSync(join(directory, name), 'utf8'));
}

function edit(name: string, change: (bytes: Buffer) => void): void {
  const path = join(host.archive, name);
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
}

const flip = (at: number) => (bytes: Buffer) => {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
};

function replaceInSidecar(name: string, from: string, to: string): void {
  const path = join(host.archive, `${name}.json`);
  const text = readFileSync(path, 'utf8');
  assert.ok(text.includes(from));
  writeFileSync(path, text.replace(from, to));
}

const BLOCKCHAIN = 'blockchain/blockchain_backup_20261123_060000.tar.gz';
const CONFIG = 'config/config_backup_20261123_060000.tar.gz';
const SNAPSHOT = 'config/etcd_snapshot_20261123_033000.tar.gz';

/** Stores a tar with nothing but its manifest. */
async function store(name: string): Promise<void> {
  const [directory = '', file = ''] = name.split('/');
  mkdirSync(join(host.archive, directory), { recursive: true });
  const script = join(host.dir, 'store.sh');
  const kind = file.startsWith('etcd') ? 'etcd' : directory;
  const make = `cd ${host.dir} && echo '{}' >MANIFEST.json && tar -cf - MANIFEST.json`;
  writeFileSync(script, `#!/bin/bash\n${make} | scripts/backup-store.sh ${kind} ${file}\n`, { mode: 0o755 });
  host.own();
  const ran = await host.run(script, [], settings);
  assert.equal(ran.status, 0, ran.stderr);
}

async function damaged(name: string): Promise<void> {
  await store(name);
  edit(name, flip(40));
}

/** What is done to the archive, which artefact is named for it, and how. */
const SPOILT: [string, () => void | Promise<void>, string, RegExp][] = [
  ['a flipped bit in a full backup', () => edit(FULL, flip(9000)), FULL, /sha256 is not the one/],
  ['a flipped bit in the WAL', () => edit(SEGMENT, flip(9000)), SEGMENT, /sha256 is not the one/],
  ['a flipped bit in the blockchain', () => damaged(BLOCKCHAIN), BLOCKCHAIN, /sha256 is not the one/],
  ['a flipped bit in the configuration', () => damaged(CONFIG), CONFIG, /sha256 is not the one/],
  ["a flipped bit in etcd's snapshot", () => damaged(SNAPSHOT), SNAPSHOT, /sha256 is not the one/],
  [
    'a truncated backup',
    () => truncateSync(join(host.archive, FULL), 9000),
    FULL,
    /has 9000 bytes, its sidecar says 17408/,
  ],
  [
    'a forged size',
    () => replaceInSidecar(FULL, '"size": 17408', '"size": 17409'),
    FULL,
    /the hmac does not fit/,
  ],
  [
    'a forged hash',
    () => {
      edit(SEGMENT, flip(9000));
      const hash = host.sha256(SEGMENT);
      replaceInSidecar(
        SEGMENT,
        String(JSON.parse(readFileSync(join(host.archive, `${SEGMENT}.json`), 'utf8')).sha256),
        hash,
      );
    },
    SEGMENT,
    /the hmac does not fit/,
  ],
  ['a removed hmac', () => replaceInSidecar(SEGMENT, hmacOf(SEGMENT), ''), SEGMENT, /not authenticated/],
  ['a missing sidecar', () => rmSync(join(host.archive, `${SEGMENT}.json`)), SEGMENT, /no sidecar/],
  [
    'a sidecar that is no sidecar',
    () => writeFileSync(join(host.archive, `${FULL}.json`), '{\n}\n'),
    FULL,
    /expected schema/,
  ],
  [
    'a segment under the name of another',
    () => {
      for (const end of ['', '.json'])
        cpSync(
          join(host.archive, SEGMENT + end),
          join(host.archive, `wal/00000001000000000000000A.gz${end}`),
        );
    },
    'wal/00000001000000000000000A.gz',
    /the sidecar is of .000000010000000000000009.gz/,
  ],
  [
    'a hole in the WAL',
    () => {
      for (const end of ['', '.json'])
        renameSync(
          join(host.archive, SEGMENT + end),
          join(host.archive, `wal/00000001000000000000000A.gz${end}`),
        );
    },
    'wal',
    /segments are missing: before 00000001000000000000000A/,
  ],
  [
    'no WAL at all',
    () => {
      for (const end of ['', '.json']) rmSync(join(host.archive, SEGMENT + end));
    },
    'wal',
    /no WAL of timeline 1 was archived/,
  ],
  [
    'another key',
    () => writeFileSync(host.key, `${'x'.repeat(44)}\n`),
    FULL,
    /was made with the key 5db6b8841e8f9b64/,
  ],
];

function hmacOf(name: string): string {
  return String(JSON.parse(readFileSync(join(host.archive, `${name}.json`), 'utf8')).hmac);
}

for (const [what, spoil, artefact, problem] of SPOILT)
  test(`finds ${what}, names it and reports it`, async () => {
    await spoil();
    host.own();
    const ran = await verify();
    assert.equal(ran.status, 6, ran.stderr);
    const { status, failed, results } = report();
    assert.equal(status, 'failed');
    assert.ok(failed > 0);
    const named = artefact.replace(/^full\//, '');
    const found = results.filter((one) => one.artefact === named && one.status === 'failed');
    assert.match(found.map((one) => one.problem).join('; '), problem);
    assert.match(ran.stderr, problem);
  });

test('is content with what is whole, and makes the newest proved backup the latest', async () => {
  rmSync(join(host.full, 'latest.tar.gz'));
  const ran = await verify();
  assert.equal(ran.status, 0, ran.stderr);
  assert.equal(report().status, 'ok');
  assert.equal(`full/${readlinkSync(join(host.full, 'latest.tar.gz'))}`, FULL);
  assert.deepEqual(
    readdirSync(join(host.dir, 'state')).filter((name) => !name.endsWith('.lock')),
    [],
  );
});

test('what is no backup of PostgreSQL is read, too, with --deep to its end', async () => {
  for (const name of [BLOCKCHAIN, CONFIG, SNAPSHOT]) await store(name);
  assert.equal((await verify(['--deep', '--local'])).status, 0);
  const seen = report().results.map(({ artefact }) => artefact);
  for (const name of [BLOCKCHAIN, CONFIG, SNAPSHOT]) assert.ok(seen.includes(name), name);
});

test('a replica that never led verifies what every member makes', async () => {
  await damaged(CONFIG);
  for (const name of ['full', 'wal']) {
    rmSync(join(host.archive, name), { recursive: true });
    mkdirSync(join(host.archive, name));
  }
  host.own();
  host.linkPostgres();
  host.stub('psql', 'echo t');
  assert.equal((await verify([], { PG_BIN: host.bin })).status, 6);
  assert.deepEqual(
    report().results.map(({ artefact }) => artefact),
    [CONFIG],
  );
});

test('--report-only writes the report and nothing else', async () => {
  rmSync(join(host.full, 'latest.tar.gz'));
  assert.equal((await verify(['--report-only'])).status, 0);
  assert.equal(report().status, 'ok');
  assert.ok(!existsSync(join(host.full, 'latest.tar.gz')));
  assert.deepEqual(readdirSync(join(host.dir, 'log')), ['backup-reports']);
});

test('a backup that is too old fails, though it is whole', async () => {
  host.linkPostgres();
  // The script reads the sidecar's time with date, its own with the shell.
  host.stub('date', 'echo 1000000000');
  const ran = await verify([], { PG_BIN: host.bin, VERIFY_MAX_AGE_HOURS: '26' });
  assert.equal(ran.status, 6, ran.stderr);
  assert.match(
    ran.stderr,
    /freshness: the newest, full_backup_\S+, ended \d+ hours ago; at most 26 are allowed/,
  );
});

test('without a full backup it fails', async () => {
  rmSync(host.full, { recursive: true });
  cpSync(join(host.archive, 'wal'), host.full, { recursive: true });
  host.own();
  const ran = await verify();
  assert.equal(ran.status, 6);
  assert.match(ran.stderr, /full: freshness: there is no full backup/);
});

test('--deep notices what only the content shows', async () => {
  host.stub('openssl', 'exec /usr/bin/openssl "$@"');
  const ran = await verify(['--deep'], { PG_BIN: host.bin });
  // Without pg_verifybackup on the PATH nothing is called good.
  assert.equal(ran.status, 6);
  assert.match(ran.stderr, /pg_verifybackup/);
});

/** Stores an artefact as ENCRYPTION="no" would have it, where nothing vouches for its sidecar. */
function storeInClear(name: string): void {
  const path = join(host.archive, name);
  const decrypt = ['enc', '-d', '-aes-256-cbc', '-pbkdf2', '-pass', `file:${host.key}`, '-in', path];
  writeFileSync(path, run('openssl', decrypt));
  const clear: { readonly [field: string]: string } = {
    size: String(readFileSync(path).length),
    sha256: `"${host.sha256(name)}"`,
    cipher: '"none"',
    kdf: '""',
    iterations: '0',
    key_id: '""',
    hmac: '""',
  };
  const sidecar = readFileSync(`${path}.json`, 'utf8');
  const lines = sidecar.replace(/^( {2}"(\w+)": )(.*?)(,?)$/gm, (line, begin, field, _old, end) =>
    clear[field] === undefined ? line : `${begin}${clear[field]}${end}`,
  );
  writeFileSync(`${path}.json`, lines);
}

for (const [field, artefact, problem] of [
  ['first_wal', 'wal', /does not say where its WAL begins/],
  ['wal_segment_size', 'wal', /does not say where its WAL begins/],
  ['ended_at', 'full', /its end is not known/],
] as const)
  test(`an unencrypted backup whose sidecar lost its ${field} is not called good`, async () => {
    const wal = readdirSync(host.wal).filter((name) => name.endsWith('.gz'));
    for (const name of [FULL, ...wal.map((one) => `wal/${one}`)]) storeInClear(name);
    replaceInSidecar(FULL, `  "${field}": `, `  "x_${field}": `);
    const identity = join(host.archive, 'CLUSTER.json');
    writeFileSync(identity, readFileSync(identity, 'utf8').replace(/("key_id": ")[^"]*/, '$1'));
    host.own();
    const ran = await verify([], { ENCRYPTION: 'no' });
    assert.equal(ran.status, 6, ran.stderr);
    const bad = report().results.filter((one) => one.status === 'failed');
    assert.deepEqual(
      bad.map((one) => one.artefact),
      [artefact],
    );
    assert.match(bad[0]?.problem ?? '', problem);
  });

test('a backup that was made and proved meanwhile stays the latest', async () => {
  host.linkPostgres();
  const newer = 'full_backup_20991231_000000.tar.gz';
  host.stub(
    'tar',
    `cd ${host.full} && cp ${FULL.slice(5)} ${newer} && cp ${FULL.slice(5)}.json ${newer}.json`,
    `ln -sfn ${newer} latest.tar.gz`,
    'exec /usr/bin/tar "$@"',
  );
  const ran = await verify([], { PG_BIN: host.bin });
  assert.equal(ran.status, 0, ran.stderr);
  assert.equal(readlinkSync(join(host.full, 'latest.tar.gz')), newer);
});

test('a server that never answers does not hold it up', async () => {
  host.stub('psql', 'exec sleep 900');
  host.stub('timeout', 'shift; exec /usr/bin/timeout 1 "$@"');
  const ran = await verify([], { PG_BIN: host.bin });
  assert.equal(ran.status, 0, ran.stderr);
});

test('a replica whose archive is not there does not take it for empty', async () => {
  host.stub('psql', 'echo t');
  rmSync(host.archive, { recursive: true });
  const ran = await verify([], { PG_BIN: host.bin });
  assert.equal(ran.status, 3, ran.stderr);
  assert.match(ran.stderr, /cannot look into/);
});

test('a directory that postgres may not read is no hindrance', async () => {
  host.stub('psql', 'echo t');
  for (const name of readdirSync(host.archive)) rmSync(join(host.archive, name), { recursive: true });
  for (const name of ['full', 'wal']) mkdirSync(join(host.archive, name));
  const place = mkdtempSync(join(tmpdir(), 'fanops-unreadable-'));
  const ran = await host.run('backup-verify.sh', [], { PG_BIN: host.bin }, place);
  rmSync(place, { recursive: true });
  assert.doesNotMatch(ran.stderr, /cannot look into/);
});

test('a tee that cannot be started is a failure, not a wait without end', async () => {
  host.linkPostgres();
  host.stub('tee', 'exit 1');
  const child = host.start('backup-verify.sh', [], { ...settings, PG_BIN: host.bin });
  const ran = await Promise.race([ended(child), sleep(120_000, undefined, { ref: false })]);
  assert.equal(ran?.status, 6, ran?.stderr ?? 'it hangs');
  assert.match(ran.stderr, /cannot be read to its end/);
});

test.run();
