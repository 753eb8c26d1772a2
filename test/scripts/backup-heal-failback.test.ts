// backup-heal.sh on a member that leads again: what another member archived while it led is named, and found, by that member's timeline.
import * as assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import type { Ran } from './backup-host.ts';
import { until } from './full-backups.ts';
import { PostgresServer } from './postgres-server.ts';
import { succeeded } from './ran.ts';
import { RestoreSource } from './restore-source.ts';

const test = suite('backup-heal.sh after a failback');

let source: RestoreSource;
const servers: PostgresServer[] = [];
/** What the other member archived. */
let elsewhere: string;

/** `replica` has everything that `leader` has committed, and leads from now on. */
async function leads(replica: PostgresServer, leader: PostgresServer): Promise<void> {
  const lsn = leader.sql('select pg_current_wal_lsn()');
  while (replica.sql(`select pg_last_wal_replay_lsn() >= '${lsn}'`) !== 't') await sleep(20);
  leader.stop();
  assert.equal(replica.sql('select pg_promote()'), 't');
}

/** Closes two segments, which are archived there. */
async function segments(server: PostgresServer, wal: string): Promise<void> {
  for (let i = 0; i < 2; i++) {
    server.sql("insert into ledger (filler) values ('x')");
    const name = server.sql('select pg_walfile_name(pg_switch_wal())');
    await until(`${name} is archived`, () => existsSync(join(wal, `${name}.gz.json`)));
  }
}

const archiver = (root: string): string =>
  `FANATICO_BACKUP_CONF=${source.host.conf({ ...source.settings, BACKUP_ROOT: root })} ${join(source.host.dir, 'scripts/backup-wal.sh')} %f %p`;

test.before(async () => {
  source = new RestoreSource();
  source.server.sql("alter system set wal_keep_size = '64MB'");
  source.server.sql('select pg_reload_conf()');
  await source.backup();
  await segments(source.server, source.host.wal);
  const other = new PostgresServer(source.server);
  servers.push(other);
  elsewhere = join(source.host.dir, 'elsewhere');
  for (const name of ['full', 'wal']) mkdirSync(join(elsewhere, name), { recursive: true });
  cpSync(join(source.host.archive, 'CLUSTER.json'), join(elsewhere, 'CLUSTER.json'));
  source.host.own();
  other.archiveWith(archiver(elsewhere));
  await leads(other, source.server);
  await segments(other, join(elsewhere, 'wal'));
  const again = new PostgresServer(other);
  servers.push(again);
  again.archiveWith(archiver(source.host.archive));
  await leads(again, other);
  await segments(again, source.host.wal);
});
test.after(async () => {
  for (const server of servers) server.remove();
  await source.remove();
});

const heal = async (...args: string[]): Promise<Ran> =>
  succeeded(await source.host.run('backup-heal.sh', args, { ...source.settings, ...servers[1]?.settings }));
const fulls = (): string[] => source.host.stored('full').filter((name) => /^full.*\.tar\.gz$/.test(name));
const led = (): string[] => source.host.walFiles().filter((name) => /^00000002[0-9A-F]{16}\.gz$/.test(name));

test('the segments are named by the timeline that they are of, and the history file that is missing, too', async () => {
  const { stdout } = await heal('--dry-run');
  const missing: readonly string[] = stdout.match(/(?<=^missing: ).*$/gm) ?? [];
  assert.ok(missing.filter((name) => name.startsWith('00000002')).length >= 3, stdout);
  assert.ok(missing.includes('00000002.history'), stdout);
  assert.deepEqual(
    missing.filter((name) => !name.startsWith('00000002')),
    [],
  );
});

test('what was gathered from the member that led closes the gap, and no full backup is made', async () => {
  const data = servers[1]?.data ?? '';
  const { stdout } = await heal('--dry-run');
  for (const [, name = ''] of stdout.matchAll(/^missing: (.*)$/gm))
    rmSync(join(data, 'pg_wal', name), { force: true });
  const gathered = join(source.host.dir, 'state/gathered');
  mkdirSync(gathered);
  renameSync(elsewhere, join(gathered, 'db2'));
  source.host.own();
  const { stderr } = await heal();
  assert.match(stderr, /00000002[0-9A-F]{16}: found elsewhere and archived/);
  assert.match(stderr, /00000002\.history: found elsewhere and archived/);
  assert.ok(led().length >= 2, led().join());
  assert.equal(fulls().length, 1);
  assert.equal((await heal('--dry-run')).stdout, '');
  const status = await source.host.run('backup-status.sh', [], {
    ...source.settings,
    ...servers[1]?.settings,
  });
  assert.match(status.stdout, /^wal gaps +0$/m);
  rmSync(gathered, { recursive: true });
  const verified = succeeded(
    await source.host.run('backup-verify.sh', [], { ...source.settings, ...servers[1]?.settings }),
  );
  assert.doesNotMatch(verified.stderr, /warning|elsewhere/);
});

test.run();
