// A server that archives into a host's archive under load, with an oracle: every row of `ledger` has the time of its commit.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AS_POSTGRES, BackupHost, ended, PG_BIN, type Ran, run, type Settings } from './backup-host.ts';
import { PostgresServer } from './postgres-server.ts';

/** The rows of the ledger: how many, and the last one's number. */
export type Rows = { readonly count: number; readonly last: number };

export class RestoreSource {
  readonly host = new BackupHost();
  readonly server = new PostgresServer(undefined, '--wal-segsize=1');
  /** Where a restore goes that is given no directory. */
  readonly data = join(this.host.dir, 'pg/data');
  readonly settings: Settings;
  #load: ChildProcess | undefined;

  constructor() {
    mkdirSync(join(this.host.dir, 'pg'));
    mkdirSync(join(this.host.dir, 'open'));
    this.host.linkPostgres();
    this.host.own();
    this.settings = {
      ...this.server.settings,
      PG_BIN: this.host.bin,
      DATA_DIR: this.data,
      PATRONI_CONFIG: '',
    };
    const conf = this.host.conf(this.settings);
    const script = join(this.host.dir, 'scripts/backup-wal.sh');
    this.server.sql('alter system set track_commit_timestamp = on');
    this.server.stop();
    this.server.start();
    this.server.archiveWith(`FANATICO_BACKUP_CONF=${conf} ${script} %f %p`);
    this.server.sql('create table ledger (id bigint generated always as identity primary key, filler text)');
    this.host.own();
  }

  /** One writer, so that the order of the WAL is that of the commits' times. */
  startLoad(): void {
    const script = "insert into ledger (filler) values (repeat('x', 200));\\sleep 2 ms\n";
    run('tee', [join(this.host.dir, 'load.sql')], script);
    const args = ['-n', '-c', '1', '-T', '600', '-f', join(this.host.dir, 'load.sql'), '-h', this.server.dir];
    const all = [
      ...AS_POSTGRES,
      join(PG_BIN, 'pgbench'),
      ...args,
      '-p',
      '5499',
      '-U',
      'postgres',
      'postgres',
    ];
    this.#load = spawn('setpriv', all, { stdio: 'ignore' });
  }

  async stopLoad(): Promise<void> {
    const load = this.#load;
    if (!load) return;
    const end = ended(load);
    load.kill('SIGINT');
    await end;
    this.#load = undefined;
  }

  async backup(): Promise<string> {
    const ran = await this.host.run('backup-full.sh', ['--verify'], this.settings);
    const name = /\] info: (full_backup_\S+\.tar\.gz): stored/.exec(ran.stderr)?.[1];
    if (ran.status !== 0 || !name) throw new Error(`backup-full.sh ended with ${ran.status}: ${ran.stderr}`);
    return name;
  }

  /** Everything committed until now is in the archive when this ends. */
  async archiveAll(server = this.server): Promise<void> {
    const segment = server.sql('select pg_walfile_name(pg_switch_wal())');
    for (let i = 0; i < 2400; i++) {
      if (existsSync(join(this.host.wal, `${segment}.gz.json`))) return;
      await sleep(50);
    }
    throw new Error(`${segment} was not archived within two minutes`);
  }

  /** A backup under load, and load for so many milliseconds after it; the load's last rows are archived, too. */
  async backupUnderLoad(ms: number, halfway: () => void = () => undefined): Promise<string> {
    this.startLoad();
    await sleep(500);
    const name = await this.backup();
    await sleep(ms / 2);
    halfway();
    await sleep(ms / 2);
    await this.stopLoad();
    await this.archiveAll();
    return name;
  }

  /** Removes what was restored, so that the next restore finds an empty place. */
  clear(): void {
    rmSync(join(this.host.dir, 'pg'), { recursive: true, force: true });
    mkdirSync(join(this.host.dir, 'pg'));
    rmSync(this.marker, { force: true });
    this.host.own();
  }

  /** While it is there, Patroni does not start. */
  get marker(): string {
    return join(this.host.dir, 'state/restore-in-progress');
  }

  /** What there is where the data directory belongs: under a final name a whole one, or none; and nothing else of ours. */
  beside(): string[] {
    return readdirSync(join(this.host.dir, 'pg')).sort();
  }

  restore(args: readonly string[], settings: Settings = {}): Promise<Ran> {
    return this.host.run('restore-full.sh', args, { ...this.settings, ...settings });
  }

  /** What the source held at a time, by the commits' own times. */
  rowsAt(time: string, server = this.server): Rows {
    return rows(server.sql(`${LEDGER} where pg_xact_commit_timestamp(xmin) <= '${time}'`));
  }

  rowsNow(server = this.server): Rows {
    return rows(server.sql(LEDGER));
  }

  /** A time between two moments, as the server's clock has it. */
  timeBetween(from: string, to: string, part: number): string {
    return this.server.sql(
      `select '${from}'::timestamptz + ('${to}'::timestamptz - '${from}'::timestamptz) * ${part}`,
    );
  }

  now(): string {
    return this.server.sql('select clock_timestamp()');
  }

  /** Starts what was restored, asks, and stops it again. */
  ask(statement: string, data = this.data): string {
    return this.whileOpen(data, (sql) => sql(statement));
  }

  whileOpen<T>(data: string, work: (sql: (statement: string) => string) => T): T {
    const socket = join(this.host.dir, 'open');
    // What it wrote would be the archive's newest timeline for the tests that follow.
    const options = `-c unix_socket_directories=${socket} -c port=5498 -c archive_mode=off`;
    const log = join(this.host.dir, 'open/log');
    postgres('pg_ctl', '-D', data, '-l', log, '-w', '-o', options, 'start');
    try {
      return work((statement) => {
        const args = [
          '-XAtq',
          '-h',
          socket,
          '-p',
          '5498',
          '-U',
          'postgres',
          '-d',
          'postgres',
          '-c',
          statement,
        ];
        return run('psql', args).toString().trim();
      });
    } finally {
      if (existsSync(join(data, 'postmaster.pid')))
        postgres('pg_ctl', '-D', data, '-m', 'fast', '-w', 'stop');
    }
  }

  rowsOf(data = this.data): Rows {
    return rows(this.ask(LEDGER, data));
  }

  async remove(): Promise<void> {
    await this.stopLoad();
    this.server.remove();
    this.host.remove();
  }
}

const LEDGER = "select count(*) || '|' || coalesce(max(id), 0) from ledger";

function rows(answer: string): Rows {
  const [count, last] = answer.split('|').map(Number);
  return { count: count ?? 0, last: last ?? 0 };
}

export function postgres(program: string, ...args: readonly string[]): string {
  return run('setpriv', [...AS_POSTGRES, join(PG_BIN, program), ...args]).toString();
}
