// What a run that was killed leaves of plaintext goes with the next run of its kind: copies, unpacked backups, passwords, servers.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { AS_POSTGRES, BackupHost, ended, run, type Settings } from './backup-host.ts';
import { succeeded } from './ran.ts';
import { segmentOf } from './wal-segments.ts';

const test = suite('what killed runs leave');

/** It waits in pg_wal, and is in no archive. */
const SEGMENT = '000000010000000000000008';

let host: BackupHost;
let settings: Settings;
let state: string;
test.before.each(() => {
  host = new BackupHost();
  state = join(host.dir, 'state');
  for (const name of ['archive/blockchain', 'archive/config', 'chain', 'etc', 'data/pg_wal'])
    mkdirSync(join(host.dir, name), { recursive: true });
  writeFileSync(join(host.dir, 'data/pg_wal', SEGMENT), segmentOf(SEGMENT, '', 16 << 20));
  writeFileSync(join(host.dir, 'etc/patroni.yml'), 'password: hunter2\n');
  settings = {
    ...host.takeGolden(),
    COMPRESSOR: 'gzip',
    CONFIG_PATHS: join(host.dir, 'etc'),
    BLOCKCHAIN_DB: join(host.dir, 'chain/chain.db'),
    PATRONI_URL: 'http://127.0.0.1:1',
    ETCD_ENDPOINT: 'http://127.0.0.1:1',
  };
  run('setpriv', [
    ...AS_POSTGRES,
    'sqlite3',
    join(host.dir, 'chain/chain.db'),
    'create table blocks (height integer)',
  ]);
  answer();
});
test.after.each(() => host.remove());

/** Programs of etcd and Patroni that answer as they should, and a server that leads. */
const answers = (): { readonly [program: string]: readonly string[] } => ({
  etcdctl: [
    'case "$*" in',
    `*'snapshot save'*) echo secret >"\${!#}" ;;`,
    `*'snapshot status'*) echo '{"revision":5}' ;;`,
    `*) echo '[{"Status":{"header":{"revision":5}}}]' ;;`,
    'esac',
  ],
  curl: ['echo {}'],
  psql: [
    'case "$*" in',
    "*'select pg_is_in_recovery()'*) echo f ;;",
    `*pg_walfile_name*) echo '00000001000000000000000A|16777216|${join(host.dir, 'data')}' ;;`,
    '*) exit 2 ;;',
    'esac',
  ],
});

function answer(): void {
  host.unstub();
  for (const [program, lines] of Object.entries(answers())) host.stub(program, ...lines);
  host.linkPostgres();
  host.own();
}

/** The process and all that it has started, as a power cut does. */
function tree(pid: number): number[] {
  // It may end meanwhile.
  const children = spawnSync('cat', [`/proc/${pid}/task/${pid}/children`])
    .stdout.toString()
    .trim();
  return [
    pid,
    ...children
      .split(' ')
      .filter(Boolean)
      .flatMap((child) => tree(Number(child))),
  ];
}

/** Runs a script until this program is called like this, and kills it then. */
async function killAt(script: string, args: readonly string[], program: string, call: string): Promise<void> {
  const begun = join(state, 'begun');
  const otherwise = answers()[program] ?? [`exec /usr/bin/${program} "$@"`];
  host.stub(program, `case "$*" in ${call}) touch ${begun}; exec sleep 60 ;; esac`, ...otherwise);
  host.own();
  const child = host.start(script, args, settings);
  const end = ended(child);
  while (!existsSync(begun) && child.exitCode === null) await sleep(10);
  assert.equal(child.exitCode, null, 'it has ended');
  spawnSync('kill', ['-9', ...tree(child.pid ?? assert.fail()).map(String)]);
  await end;
  answer();
}

const KILLED: [string, string[], string, string, string, RegExp][] = [
  ['backup-verify.sh', ['--deep', '--local'], 'pg_verifybackup', '*', 'state', /^backup-verify\.\w{6}$/],
  ['backup-heal.sh', [], 'gzip', '*', 'state', /^backup-heal\.\w{6}$/],
  ['backup-blockchain.sh', [], 'sqlite3', '*.backup*', 'chain', /^\.fanatico-blockchain/],
  ['backup-config.sh', [], 'curl', '*/config*', '/run/lock', /^\.fanatico-config/],
  ['backup-etcd.sh', [], 'etcdctl', "*'snapshot status'*", 'state', /^\.fanatico-etcd/],
  ['backup-etcd.sh', [], 'gzip', '*', 'state', /^backup-store-etcd\.\w{6}$/],
];
for (const [script, args, program, call, place, left] of KILLED)
  test(`${script}, killed at ${program}: nothing of it is left after the next run`, async () => {
    const found = () => {
      // Others' tests leave theirs there, too.
      const ours = place === '/run/lock' ? host.dir.replaceAll('/', '-') : '';
      const names = readdirSync(resolve(host.dir, place));
      return names.filter((name) => left.test(name) && name.includes(ours));
    };
    await killAt(script, args, program, call);
    assert.equal(found().length, 1, found().join());
    succeeded(await host.run(script, args, settings));
    assert.deepEqual(found(), []);
  });

test('what another script makes at this moment stays', async () => {
  const others = ['backup-drill.abcdef', 'backup-verify.abcdef', '.fanatico-etcd-other.abcdef'];
  for (const name of others) mkdirSync(join(state, name));
  host.own();
  for (const script of ['backup-etcd.sh', 'backup-config.sh', 'backup-heal.sh'])
    succeeded(await host.run(script, [], settings));
  const left = readdirSync(state);
  assert.deepEqual(
    others.filter((name) => !left.includes(name)),
    [],
  );
});

test('what a killed --full-test has restored goes with the next run without it', async () => {
  mkdirSync(join(state, 'full-test/data'), { recursive: true });
  host.own();
  succeeded(await host.run('backup-verify.sh', ['--local'], settings));
  assert.equal(existsSync(join(state, 'full-test')), false);
});

test.run();
