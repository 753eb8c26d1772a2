// What the tests of backup-full.sh have in common: one server for all, and for each test a host of its own.
import { join } from 'node:path';
import type { Test } from 'uvu';
import { BackupHost, PG_BIN, type Ran, type Settings } from './backup-host.ts';
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

  /** From now on the server archives into this host's archive; a first segment is closed. */
  archive(): void {
    const conf = this.host.conf({ ...this.server.settings, PG_BIN });
    this.host.own();
    const script = join(this.host.dir, 'scripts/backup-wal.sh');
    this.server.archiveWith(`FANATICO_BACKUP_CONF=${conf} ${script} %f %p`);
    this.server.sql(
      'create table if not exists t as select g, md5(g::text) from generate_series(1, 10000) g',
    );
    this.server.sql('select pg_switch_wal()');
  }

  /** Runs backup-full.sh. */
  full(args: readonly string[] = [], settings: Settings = {}): Promise<Ran> {
    return this.host.run('backup-full.sh', args, { ...this.server.settings, ...settings });
  }
}
