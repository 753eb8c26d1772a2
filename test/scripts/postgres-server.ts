// A real PostgreSQL 15 in a temporary directory, reached by its socket there.
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AS_POSTGRES, PG_BIN, run, type Settings } from './backup-host.ts';

export class PostgresServer {
  readonly dir = mkdtempSync(join(tmpdir(), 'fanops-postgres-'));
  readonly data = join(this.dir, 'data');
  /** Settings of backup.conf that lead here. */
  readonly settings: Settings = { PG_HOST: this.dir, PG_PORT: '5499' };

  /** Founds a server (initdb with these options, too), or clones `leader` as a streaming replica, and starts it. */
  constructor(leader?: PostgresServer, ...options: readonly string[]) {
    chmodSync(this.dir, 0o755);
    run('chown', ['postgres:postgres', this.dir]);
    if (leader)
      this.#asPostgres('pg_basebackup', '-D', this.data, '-R', '-c', 'fast', '-h', leader.dir, ...PORT);
    else this.#asPostgres('initdb', '-k', '-N', '-A', 'trust', '-U', 'postgres', ...options, '-D', this.data);
    appendFileSync(join(this.data, 'postgresql.conf'), this.#configuration());
    this.start();
  }

  #configuration(): string {
    const lines = [
      "listen_addresses = ''",
      `unix_socket_directories = '${this.dir}'`,
      'port = 5499',
      'fsync = off',
      'max_wal_size = 1GB',
      'archive_mode = on',
      "archive_command = '/bin/true'",
    ];
    return `${lines.join('\n')}\n`;
  }

  start(): void {
    this.#asPostgres('pg_ctl', '-D', this.data, '-l', join(this.dir, 'log'), '-w', 'start');
  }

  /** The one column of the one row that a statement answers with. */
  sql(statement: string): string {
    const args = ['-XAtq', '-h', this.dir, ...PORT, '-U', 'postgres', '-d', 'postgres', '-c', statement];
    return run('psql', args).toString().trim();
  }

  /** What the server has logged. */
  log(): string {
    return readFileSync(join(this.dir, 'log'), 'utf8');
  }

  archiveWith(command: string): void {
    this.sql(`alter system set archive_command = '${command}'`);
    this.sql('select pg_reload_conf()');
  }

  stop(mode: 'fast' | 'immediate' = 'fast'): void {
    this.#asPostgres('pg_ctl', '-D', this.data, '-m', mode, 'stop');
  }

  remove(): void {
    try {
      if (existsSync(join(this.data, 'postmaster.pid'))) this.stop('immediate');
    } finally {
      rmSync(this.dir, { recursive: true, force: true });
    }
  }

  #asPostgres(program: string, ...args: readonly string[]): void {
    run('setpriv', [...AS_POSTGRES, join(PG_BIN, program), ...args]);
  }
}

const PORT = ['-p', '5499'];
