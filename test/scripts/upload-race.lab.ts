// Two members upload the same WAL to a real S3 server at one moment: the first is stopped before one of its calls of awscli, the second does
// all of its own, and then the first goes on, or dies. In the end the object is the one that its sidecar names, and nobody waits.
import * as assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { S3Server } from '../support/s3-server.ts';
import { BackupHost, ended, type Ran, type Settings, sidecarOf } from './backup-host.ts';
import { refused } from './ran.ts';
import { segmentName, segmentOf } from './wal-segments.ts';

// Its calls: 1 and 2 look whose the prefix is, 3 lists, 4 sends objects, 5 lists, 6 sends sidecars, 7 lists.
const OBJECTS = 4;
const SIDECARS = 6;
/** Where the first is stopped and goes on; FANOPS_RACES=all: wherever it matters, as a campaign (docs/backup-campaigns.md). */
const STOPS = process.env.FANOPS_RACES === 'all' ? [OBJECTS, OBJECTS + 1, SIDECARS] : [SIDECARS];
const BUCKET = 'fanatico-backups';
const test = suite('two members that upload the same WAL');
let s3: S3Server;
let first: BackupHost;
let second: BackupHost;
let segments = 0;
test.before(async () => {
  s3 = await S3Server.start();
  s3.aws('s3', 'mb', `s3://${BUCKET}`);
  const founder = new BackupHost();
  await archive(founder, 'db1');
  assert.equal((await upload(founder, 'db1')).status, 0);
  founder.remove();
});
test.after(() => s3?.remove());
test.before.each(async () => {
  first = new BackupHost();
  second = new BackupHost();
  segments += 1;
  await archive(first, 'db1');
  await archive(second, 'db2');
});
test.after.each(() => {
  first.remove();
  second.remove();
});

const settings = (host: BackupHost, node: string): Settings => ({
  ...host.s3(s3.endpoint, BUCKET),
  NODE_NAME: node,
});
const key = () => `postgresql/wal/${segmentName(segments + 1)}.gz.enc`;
const stored = (host: BackupHost) => join(host.wal, `${segmentName(segments + 1)}.gz`);

async function archive(host: BackupHost, node: string): Promise<void> {
  const name = segmentName(segments + 1);
  writeFileSync(join(host.dir, name), segmentOf(name));
  const ran = await host.run('backup-wal.sh', [name, join(host.dir, name)], settings(host, node));
  assert.equal(ran.status, 0, ran.stderr);
}

function upload(host: BackupHost, node: string, more: Settings = {}): Promise<Ran> {
  return host.run('backup-upload.sh', [], { ...settings(host, node), ...more });
}

/** An upload of the first member that stops before one of its calls. */
class Stopped {
  readonly #child: ChildProcess;
  readonly #end: Promise<Ran>;
  readonly #at = (name: string) => join(first.dir, 'state', name);

  constructor(...calls: readonly number[]) {
    const state = join(first.dir, 'state');
    first.stub(
      'aws',
      `n=$(($(cat ${state}/calls 2>/dev/null || echo 0) + 1))`,
      `echo $n >${state}/calls`,
      `case $n in ${calls.join(' | ')}) touch ${state}/stopped-$n; until [ -e ${state}/go-$n ]; do sleep 0.05; done ;; esac`,
      `if [ -e ${state}/dead ]; then exit 1; fi`,
      'exec /usr/bin/aws "$@"',
    );
    first.own();
    this.#child = first.start('backup-upload.sh', [], settings(first, 'db1'));
    this.#end = ended(this.#child);
  }

  async reached(call: number): Promise<void> {
    while (!existsSync(this.#at(`stopped-${call}`))) {
      const gone = await Promise.race([this.#end, sleep(20)]);
      if (gone) assert.fail(`it ended before call ${call}: ${gone.stderr}`);
    }
  }

  letGo(call: number): void {
    writeFileSync(this.#at(`go-${call}`), '');
  }

  async goOn(call: number): Promise<void> {
    this.letGo(call);
    await this.#end;
  }

  async die(call: number): Promise<void> {
    writeFileSync(this.#at('dead'), '');
    this.#child.kill('SIGKILL');
    this.letGo(call);
    await this.#end;
  }
}

/** Uploads again, as the timer does, until nothing of this member waits. */
async function untilNoneWaits(host: BackupHost, node: string, more: Settings = {}): Promise<string> {
  host.unstub();
  let said = '';
  for (let tries = 0; tries < 10; tries++) {
    const ran = await upload(host, node, more);
    said += ran.stderr;
    if (ran.status === 0) return said;
  }
  return assert.fail(`${node} waits for ever:\n${said}`);
}

/** What is there can be read: the object is the one that its sidecar names. Gives whose they are. */
function fits(): string {
  const object = s3.object(BUCKET, key());
  const sidecar = sidecarOf(s3.object(BUCKET, `${key()}.json`).toString());
  assert.equal(createHash('sha256').update(object).digest('hex'), sidecar.sha256);
  return String(sidecar.node);
}

for (const call of STOPS)
  test(`the first is stopped before its call ${call}, and goes on`, async () => {
    const stopped = new Stopped(call);
    await stopped.reached(call);
    await upload(second, 'db2');
    await stopped.goOn(call);
    await untilNoneWaits(first, 'db1');
    await untilNoneWaits(second, 'db2');
    fits();
  });

test('the first dies between its object and its sidecar: the second waits for it, and then replaces the object', async () => {
  const stopped = new Stopped(SIDECARS);
  await stopped.reached(SIDECARS);
  await stopped.die(SIDECARS);
  refused(await upload(second, 'db2'), 5, /is of another member, which has not put its sidecar yet/);
  const said = await untilNoneWaits(second, 'db2', { S3_PENDING_ALARM_SECONDS: '1' });
  assert.match(said, /has had no sidecar for too long; replaced by this node's copy/);
  assert.equal(fits(), 'db2');
});

test('the first dies when it has put its object over that of the second, which compares again and mends it', async () => {
  const stopped = new Stopped(OBJECTS, OBJECTS + 1);
  await stopped.reached(OBJECTS);
  assert.equal((await upload(second, 'db2')).status, 0);
  stopped.letGo(OBJECTS);
  await stopped.reached(OBJECTS + 1);
  await stopped.die(OBJECTS + 1);
  assert.throws(fits);
  // As backup-verify.sh does when it sees that.
  rmSync(join(second.archive, 'uploaded'), { recursive: true });
  assert.match(
    await untilNoneWaits(second, 'db2'),
    /its bytes are not those that its sidecar, of db2, names/,
  );
  assert.equal(fits(), 'db2');
  assert.ok(existsSync(stored(first)));
});

test.run();
