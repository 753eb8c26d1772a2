// What the tests of restore-full.sh's faults have in common: a source whose archive each test may spoil, and what a fault is.
import * as assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'uvu';
import type { Settings } from './backup-host.ts';
import { RestoreSource } from './restore-source.ts';

/** What is done, how it ends, with which words; the arguments and settings where they are not the usual. */
export interface Fault {
  readonly what: string;
  readonly spoil: () => void;
  readonly status: number;
  readonly reason: RegExp;
  readonly args?: () => readonly string[];
  readonly settings?: () => Settings;
  /** Undoes what the next test must not find; archive, data directory, key and stubs are put back anyway. */
  readonly mend?: () => void;
}

/** One backup and three segments after it, whole again before each test. */
export class RestoreFaults {
  source!: RestoreSource;
  backup!: string;
  #saved!: string;

  /** Prepares a suite. */
  prepare(test: Test): void {
    test.before(async () => {
      this.source = new RestoreSource();
      this.backup = await this.source.backup();
      for (const filler of ['one', 'two', 'three']) {
        this.source.server.sql(`insert into ledger (filler) values ('${filler}')`);
        await this.source.archiveAll();
      }
      this.#saved = join(this.source.host.dir, 'saved');
      cpSync(this.source.host.archive, this.#saved, { recursive: true, verbatimSymlinks: true });
    });
    test.after(() => this.source.remove());
    test.before.each(() => this.#mend());
  }

  #mend(): void {
    const { host, data } = this.source;
    for (const path of [host.archive, join(host.dir, 'pg')]) rmSync(path, { recursive: true });
    cpSync(this.#saved, host.archive, { recursive: true, verbatimSymlinks: true });
    writeFileSync(host.key, `${'0123456789abcdef'.repeat(2)}0123456789=\n`, { mode: 0o600 });
    host.unstub();
    host.linkPostgres();
    mkdirSync(join(data, 'pg_wal/archive_status'), { recursive: true });
    writeFileSync(join(data, 'old'), 'kept');
    host.own();
  }

  /** Adds a test for each fault. */
  each(test: Test, faults: readonly Fault[]): void {
    for (const { what, spoil, status, reason, args, settings, mend } of faults)
      test(`${what}: ${status}`, async () => {
        spoil();
        this.source.host.own();
        const ran = await this.source.restore(args?.() ?? [this.backup], settings?.());
        mend?.();
        assert.equal(ran.status, status, ran.stderr);
        assert.match(ran.stderr, reason);
        this.asBefore();
      });
  }

  /** The old directory stands, nothing half-made beside it, and Patroni may start. */
  asBefore(): void {
    const { host, data } = this.source;
    assert.deepEqual(readdirSync(join(host.dir, 'pg')), ['data']);
    assert.equal(readFileSync(join(data, 'old'), 'utf8'), 'kept');
    assert.deepEqual(
      readdirSync(join(host.dir, 'state')).filter((name) => !/\.lock$|spool$/.test(name)),
      [],
    );
  }

  /** The path of a full backup. */
  full(name = this.backup): string {
    return join(this.source.host.full, name);
  }

  sidecar(): string {
    return `${this.full()}.json`;
  }

  segments(): string[] {
    return this.source.host.walFiles().filter((name) => /^[0-9A-F]{24}\.gz$/.test(name));
  }

  removeSegment(at: number): void {
    const name = this.segments().at(at) ?? '';
    for (const end of ['', '.json']) rmSync(join(this.source.host.wal, name + end));
  }
}

export const nothing = (): void => undefined;

export function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path, bytes);
}

export function replace(path: string, from: RegExp, to: string): void {
  const text = readFileSync(path, 'utf8');
  assert.match(text, from);
  writeFileSync(path, text.replace(from, to));
}
