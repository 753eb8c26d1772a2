// A host for the backup scripts in a temporary directory: the scripts as deployed, settings, key, archive; no server.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPTS = fileURLToPath(new URL('../../templates/backup', import.meta.url));
export const GOLDEN = fileURLToPath(new URL('../golden/format-1', import.meta.url));
export const PG_BIN = '/usr/lib/postgresql/15/bin';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Settings of backup.conf that differ from the host's own. */
export type Settings = { readonly [name: string]: string };

export class BackupHost {
  readonly dir = mkdtempSync(join(tmpdir(), 'fanops-backup-'));
  readonly archive = join(this.dir, 'archive');
  readonly wal = join(this.archive, 'wal');
  readonly full = join(this.archive, 'full');
  readonly key = join(this.dir, 'backup.key');
  readonly bin = join(this.dir, 'bin');
  #confs = 0;

  constructor() {
    chmodSync(this.dir, 0o755);
    for (const name of ['archive/wal', 'archive/full', 'log', 'state', 'scripts', 'bin'])
      mkdirSync(join(this.dir, name), { recursive: true });
    cpSync(SCRIPTS, join(this.dir, 'scripts'), { recursive: true });
    writeFileSync(this.key, `${'0123456789abcdef'.repeat(2)}0123456789=\n`, { mode: 0o600 });
    this.own();
  }

  /** Gives everything to postgres, as install.yml does. */
  own(): void {
    run('chown', ['-R', 'postgres:postgres', this.dir]);
  }

  /** The golden archive in this host's, with its key. */
  takeGolden(): Settings {
    for (const name of ['full', 'wal', 'CLUSTER.json'])
      cpSync(join(GOLDEN, name), join(this.archive, name), { recursive: true, verbatimSymlinks: true });
    cpSync(join(GOLDEN, 'backup.key'), this.key);
    chmodSync(this.key, 0o600);
    this.own();
    return { CLUSTER_NAME: 'golden', VERIFY_MAX_AGE_HOURS: '999999' };
  }

  /** A program of this name comes before the real one on the scripts' PATH. */
  stub(name: string, ...lines: readonly string[]): void {
    // It may be a link to the real one, which must not be written through.
    rmSync(join(this.bin, name), { force: true });
    writeFileSync(join(this.bin, name), `${['#!/bin/bash', ...lines].join('\n')}\n`, { mode: 0o755 });
  }

  unstub(): void {
    rmSync(this.bin, { recursive: true });
    mkdirSync(this.bin);
    chmodSync(this.bin, 0o755);
  }

  /** Links PostgreSQL's programs beside the stubs. */
  linkPostgres(): void {
    for (const name of readdirSync(PG_BIN))
      if (!existsSync(join(this.bin, name))) symlinkSync(join(PG_BIN, name), join(this.bin, name));
  }

  conf(settings: Settings = {}): string {
    const path = join(this.dir, `backup-${this.#confs++}.conf`);
    const all: Settings = {
      CLUSTER_NAME: 'test',
      NODE_NAME: 'db1',
      BACKUP_ROOT: this.archive,
      LOG_DIR: join(this.dir, 'log'),
      STATE_DIR: join(this.dir, 'state'),
      KEY_FILE: this.key,
      // What comes first on the scripts' PATH: a place for stubs, beside links to PostgreSQL's programs.
      PG_BIN: this.bin,
      PG_HOST: this.dir,
      PG_PORT: '5499',
      ...settings,
    };
    const text = Object.entries(all).map(([name, value]) => `${name}="${value}"\n`);
    writeFileSync(path, text.join(''), { mode: 0o644 });
    return path;
  }

  /** Runs a script as postgres until it ends. */
  async run(script: string, args: readonly string[], settings: Settings = {}, cwd = this.dir): Promise<Ran> {
    return ended(this.start(script, args, settings, cwd));
  }

  start(script: string, args: readonly string[], settings: Settings = {}, cwd = this.dir): ChildProcess {
    const path = script.startsWith('/') ? script : join(this.dir, 'scripts', script);
    const env = { FANATICO_BACKUP_CONF: this.conf(settings), PATH: '/usr/bin:/bin' };
    // setpriv becomes the script: its process id is the script's own.
    return spawn('setpriv', [...AS_POSTGRES, path, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Settings for an S3 server, with a credentials file as install.yml writes it. */
  s3(endpoint: string, bucket: string): Settings {
    const file = join(this.dir, 'credentials');
    if (!existsSync(file))
      writeFileSync(file, '[default]\naws_access_key_id = testak\naws_secret_access_key = testsk\n');
    return {
      S3_BUCKET: bucket,
      S3_ENDPOINT_URL: endpoint,
      S3_REGION: 'us-east-1',
      S3_CREDENTIALS_FILE: file,
    };
  }

  /** Holds a lock as another run would, while `work` is done. */
  async holding(lock: string, work: () => Promise<void>): Promise<void> {
    const holder = spawn('flock', [lock, 'sh', '-c', 'echo; exec cat'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const freed = new Promise((resolve) => holder.once('close', resolve));
    try {
      await work();
    } finally {
      holder.stdin.end();
      await freed;
    }
  }

  sha256(name: string): string {
    return createHash('sha256')
      .update(readFileSync(join(this.archive, name)))
      .digest('hex');
  }

  walFiles(): string[] {
    return this.stored('wal');
  }

  /** The names in a directory of the archive. */
  stored(kind: string): string[] {
    return readdirSync(join(this.archive, kind)).sort();
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export const AS_POSTGRES = ['--reuid=postgres', '--regid=postgres', '--init-groups'];

export function ended(child: ChildProcess): Promise<Ran> {
  const out = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (out.stdout += chunk));
  child.stderr?.on('data', (chunk: Buffer) => (out.stderr += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...out }));
  });
}

/** Runs a program and expects it to succeed; gives what it printed. */
export function run(program: string, args: readonly string[], input?: string | Buffer): Buffer {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, maxBuffer: 1 << 28 });
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${error ?? stderr.toString()}`);
  return stdout;
}

export function sidecarOf(text: string): { readonly [field: string]: string | number | boolean } {
  return JSON.parse(text);
}
