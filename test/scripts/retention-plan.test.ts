// The deciding half of backup-retention.sh, over generated histories of a cluster: backups, failovers, recoveries to
// earlier points. Whatever of the window could be restored before, can be restored afterwards.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { suite } from 'uvu';

const test = suite('retention-plan.sh');
const SCRIPT = fileURLToPath(new URL('../../templates/backup/retention-plan.sh', import.meta.url));
const SIZE = 16 * 1024 * 1024;
const HOUR = 3600 * 1000;
const BEGIN = Date.parse('2026-01-01T00:00:00Z');

interface Segment {
  readonly timeline: number;
  readonly number: number;
  readonly at: number;
}
interface Full {
  readonly name: string;
  readonly timeline: number;
  readonly first: number;
  readonly last: number;
  readonly ended: number;
}
/** What happened to a cluster; the timelines' parents, and the segment in which each left its parent. */
class Cluster {
  readonly segments: Segment[] = [];
  readonly fulls: Full[] = [];
  readonly parents = new Map<number, { readonly timeline: number; readonly at: number }>();
  timeline = 1;
  next = 250;
  now = BEGIN;

  write(count: number): void {
    for (let i = 0; i < count; i++) {
      this.now += HOUR / 2;
      this.segments.push({ timeline: this.timeline, number: this.next++, at: this.now });
    }
  }

  backUp(): void {
    const first = this.next;
    this.write(2);
    const name = `full_backup_${new Date(this.now).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_')}.tar.gz`;
    this.fulls.push({ name, timeline: this.timeline, first, last: this.next - 1, ended: this.now });
  }

  /** A failover, or a recovery to a point of the past; the segment of the switch begins anew on the new timeline. */
  switchAt(back: number): void {
    const path = this.ancestry(this.timeline, this.next - 1);
    const number = Math.max(251, this.next - back);
    const from = path.findLast((step) => step.from <= number) ?? { timeline: 1 };
    const timeline = Math.max(this.timeline, ...this.parents.keys()) + 1;
    this.parents.set(timeline, { timeline: from.timeline, at: number });
    this.timeline = timeline;
    this.next = number;
    this.write(1);
  }

  /** The timelines on the way to a place on `timeline`, oldest first, each with its first segment. */
  ancestry(
    timeline: number,
    number: number,
  ): { readonly timeline: number; readonly from: number; readonly to: number }[] {
    const parent = this.parents.get(timeline);
    if (!parent) return [{ timeline, from: 0, to: number }];
    return [...this.ancestry(parent.timeline, parent.at - 1), { timeline, from: parent.at, to: number }];
  }

  /** Where a timeline left each of its ancestors, as its history file has it. */
  history(timeline: number): { readonly ancestor: number; readonly at: number }[] {
    const parent = this.parents.get(timeline);
    return parent ? [...this.history(parent.timeline), { ancestor: parent.timeline, at: parent.at }] : [];
  }

  restorable(target: Segment, fulls: readonly Full[], wal: ReadonlySet<string>): boolean {
    const path = this.ancestry(target.timeline, target.number);
    return fulls.some((full) => {
      const own = path.find((step) => step.timeline === full.timeline);
      if (!own || full.last > own.to || full.ended > target.at) return false;
      for (let n = full.first; n <= target.number; n++) {
        const step = path.findLast((one) => one.from <= n);
        if (!wal.has(segmentName(step?.timeline ?? 0, n))) return false;
      }
      return true;
    });
  }

  listing(proven: string): string {
    const lines = this.fulls.map((full) =>
      [
        'full',
        full.name,
        new Date(full.ended).toISOString(),
        segmentName(full.timeline, full.first),
        segmentName(full.timeline, full.last),
        SIZE,
        full.name === proven ? 'yes' : 'no',
      ].join('\t'),
    );
    for (const name of this.walNames()) lines.push(`wal\t${name}`);
    for (const timeline of this.parents.keys()) {
      lines.push(`wal\t${hex(timeline)}.history`);
      for (const { ancestor, at } of this.history(timeline))
        lines.push(`history\t${timeline}\t${ancestor}\t${segmentName(ancestor, at)}`);
    }
    return `${lines.join('\n')}\n`;
  }

  walNames(): Set<string> {
    return new Set(this.segments.map((segment) => segmentName(segment.timeline, segment.number)));
  }
}

const hex = (n: number): string => n.toString(16).toUpperCase().padStart(8, '0');
const segmentName = (timeline: number, number: number): string =>
  hex(timeline) + hex(Math.floor(number / 256)) + hex(number % 256);

function decide(listing: string, now: number): { readonly deleted: Set<string>; readonly kept: Set<string> } {
  const ago = (days: number): string => new Date(now - days * 24 * HOUR).toISOString().slice(0, 19);
  const args = [ago(7), ago(30), ago(30), ago(90), ago(30)];
  const { stdout, stderr, status } = spawnSync(
    'bash',
    // Its input is a socket: some builds of bash then read the settings for interactive shells.
    ['--norc', '-euc', '. "$0"; retention_plan "$@"', SCRIPT, ...args],
    { input: listing, encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  const lines = stdout.split('\n').map((line) => line.split('\t'));
  const of = (action: string): Set<string> =>
    new Set(lines.filter(([found]) => found === action).map(([, path = '']) => path));
  return { deleted: of('delete'), kept: of('keep') };
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('day' as const), size: fc.integer({ min: 3, max: 40 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('failover' as const), size: fc.constant(0) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('rewind' as const), size: fc.integer({ min: 1, max: 300 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('no backup' as const),
      size: fc.integer({ min: 48, max: 200 }),
    }),
  },
);

function live(steps: readonly { readonly kind: string; readonly size: number }[]): Cluster {
  const cluster = new Cluster();
  cluster.write(2);
  for (const { kind, size } of steps) {
    if (kind === 'failover') cluster.switchAt(0);
    else if (kind === 'rewind') cluster.switchAt(size);
    else cluster.write(size);
    if (kind === 'day') cluster.backUp();
  }
  return cluster;
}

function survivors(cluster: Cluster): {
  fulls: Full[];
  wal: Set<string>;
  deleted: Set<string>;
  proven: string;
} {
  const proven = cluster.fulls[Math.floor(cluster.fulls.length / 3)]?.name ?? '';
  const { deleted } = decide(cluster.listing(proven), cluster.now);
  return {
    deleted,
    proven,
    fulls: cluster.fulls.filter(({ name }) => !deleted.has(`full/${name}`)),
    wal: new Set([...cluster.walNames()].filter((name) => !deleted.has(`wal/${name}.gz`))),
  };
}

test('what of the window could be restored can be restored afterwards; a second time nothing more goes', () => {
  let removed = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 15, maxLength: 60 }), (steps) => {
      const cluster = live(steps);
      const { fulls, wal, deleted, proven } = survivors(cluster);
      const all = cluster.walNames();
      removed += deleted.size;
      for (const target of cluster.segments.filter(({ at }) => at >= cluster.now - 7 * 24 * HOUR))
        if (cluster.restorable(target, cluster.fulls, all))
          assert.ok(cluster.restorable(target, fulls, wal), `lost: ${JSON.stringify(target)}`);
      const kept = new Set(fulls.map(({ name }) => name));
      const young = cluster.fulls.filter(({ ended }) => ended >= cluster.now - 30 * 24 * HOUR);
      for (const { name } of [...young, ...cluster.fulls.slice(-2)]) assert.ok(kept.has(name), name);
      if (proven) assert.ok(kept.has(proven), 'the newest that was proved is gone');
      assert.ok(![...deleted].some((path) => path.includes('history')), 'a history file is gone');
      const again = new Cluster();
      Object.assign(again, cluster, {
        fulls,
        segments: cluster.segments.filter((one) => wal.has(segmentName(one.timeline, one.number))),
      });
      assert.equal(decide(again.listing(proven), cluster.now).deleted.size, 0);
    }),
    { numRuns: 100, seed: 20260129 },
  );
  assert.ok(removed > 1000, `only ${removed} artefacts were removed: the test shows nothing`);
});

test('on an ordinary archive of 45 days all is removed that the rules let go', () => {
  const cluster = live(Array.from({ length: 45 }, () => ({ kind: 'day', size: 46 })));
  const { fulls, wal } = survivors(cluster);
  assert.equal(fulls.length, 31);
  const anchor = cluster.fulls.findLast(({ ended }) => ended < cluster.now - 7 * 24 * HOUR);
  assert.equal([...wal].sort()[0], segmentName(1, anchor?.first ?? 0));
});

test('the blockchain 30 days, configuration 90, etcd 30; the newest two of each stay, however old', () => {
  const now = Date.parse('2026-06-01T00:00:00Z');
  const names = ['2026-01-01', '2026-04-01', '2026-05-20', '2026-05-31'];
  const old = ['2024-01-01', '2025-01-01'];
  const line = (kind: string, day: string): string => `${kind}\t${kind}_${day}\t${day}T06:00:00`;
  const listing = [
    ...names.flatMap((day) => ['blockchain', 'config'].map((kind) => line(kind, day))),
    ...old.map((day) => line('etcd', day)),
  ];
  const { deleted, kept } = decide(`${listing.join('\n')}\n`, now);
  assert.deepEqual([...deleted].sort(), [
    'blockchain/blockchain_2026-01-01',
    'blockchain/blockchain_2026-04-01',
    'config/config_2026-01-01',
  ]);
  assert.ok(kept.has('config/etcd_2024-01-01'));
});

test('without a full backup from before the window, and with segments of two sizes, all WAL stays', () => {
  const wal = ['wal\t000000010000000000000001', 'wal\t000000010000000000000009'];
  const full = (day: string, size: number): string =>
    `full\tfull_${day}\t${day}T02:00:00Z\t000000010000000000000005\t000000010000000000000005\t${size}\tno`;
  const now = Date.parse('2026-06-30T00:00:00Z');
  for (const fulls of [
    [],
    [full('2026-06-29', SIZE)],
    [full('2026-06-01', SIZE), full('2026-06-02', SIZE / 2)],
  ])
    assert.equal(decide(`${[...wal, ...fulls].join('\n')}\n`, now).deleted.size, 0);
  assert.deepEqual(
    [...decide(`${[...wal, full('2026-06-01', SIZE)].join('\n')}\n`, now).deleted],
    ['wal/000000010000000000000001.gz'],
  );
});

test('the anchor stays, however old', () => {
  const fulls = ['2026-05-10', '2026-06-27', '2026-06-28', '2026-06-29'].map(
    (day, i) =>
      `full\tfull_${day}\t${day}T02:00:00Z\t00000001000000000000000${i}\t00000001000000000000000${i}\t${SIZE}\tno`,
  );
  assert.equal(decide(`${fulls.join('\n')}\n`, Date.parse('2026-06-30T00:00:00Z')).deleted.size, 0);
});

test.run();
