// What the tests of backup-full.sh have in common: one server for all, and for each test a host of its own.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'uvu';
import { BackupHost, PG_BIN, type Ran, type Settings, sidecarOf } from './backup-host.ts';
import { PostgresServer } from './postgres-server.ts';

export class FullBackups {
  server!: PostgresServer;
  host!: BackupHost;

  /** Prepares a suite. */
  prepare(test: Test): void {
    test.before(() => {
      this.server = new PostgresServer();
    });
    test.after(() => this.server.remove());
    test.before.each(() => {
      this.host = new BackupHost();
      this.host.linkPostgres();
    });
    test.after.each(() => {
      this.server.archiveWith('/bin/true');
      this.host.remove();
    });
  }

  /** From now on the server archives into this host's archive, after a line of shell; a first segment is closed. */
  archive(first = ''): void {
    const conf = this.host.conf({ ...this.server.settings, PG_BIN });
    this.host.own();
    const script = join(this.host.dir, 'scripts/backup-wal.sh');
    this.server.archiveWith(`${first}FANATICO_BACKUP_CONF=${conf} ${script} %f %p`);
    this.server.sql(
      'create table if not exists t as select g, md5(g::text) from generate_series(1, 10000) g',
    );
    this.server.sql('select pg_switch_wal()');
  }

  /** Waits until all WAL that the newest full backup needs is archived: the archiver is not done when the backup is. */
  async archived(): Promise<void> {
    const name =
      this.host.stored('full').findLast((one) => /^full_backup_.*\.tar\.gz\.json$/.test(one)) ?? '';
    const last = sidecarOf(readFileSync(join(this.host.full, name), 'utf8')).last_wal;
    await until(`${last} is archived`, () => existsSync(join(this.host.wal, `${last}.gz.json`)));
  }

  /** Runs backup-full.sh. */
  full(args: readonly string[] = [], settings: Settings = {}): Promise<Ran> {
    return this.host.run('backup-full.sh', args, { ...this.server.settings, ...settings });
  }
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 4800; i++) {
    if (holds()) return;
    await sleep(25);
  }
  throw new Error(`not within two minutes: ${what}`);
}
