// The S3 server for tests: started, stopped and killed as docs/s3-server.md has it. As root.
import * as assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { S3Server } from '../support/s3-server.ts';

const test = suite('s3-server.sh');
const BUCKET = 's3://kept';
let server: S3Server;
test.before(async () => {
  server = await S3Server.start({ FANOPS_S3_DAY_SECONDS: '2' });
});
test.after(() => server.remove());

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
    socket.unref();
  });
}

/** Clients' port, the gateway's, the monitor's two, the keys'. */
async function listening(): Promise<boolean[]> {
  return Promise.all([0, 1, 2, 3, 4].map((above) => listens(server.port + above)));
}

const ALL = [true, true, true, true, true];
const NONE = ALL.map(() => false);

test('objects outlive a stop and a kill; nothing runs then', async () => {
  server.aws('s3', 'mb', BUCKET);
  const file = join(server.dir, 'object');
  writeFileSync(file, 'still here');
  server.aws('s3', 'cp', file, `${BUCKET}/object`);
  assert.deepEqual(await listening(), ALL);
  server.down();
  assert.deepEqual(await listening(), NONE);
  assert.throws(() => server.script('status'), /nothing runs/);
  server.up();
  assert.equal(server.aws('s3', 'cp', `${BUCKET}/object`, '-'), 'still here');
  process.kill(Number(readFileSync(join(server.dir, 'server/pid'), 'utf8')), 'SIGKILL');
  for (let i = 0; i < 100 && (await listening()).some(Boolean); i++) await sleep(50);
  assert.deepEqual(await listening(), NONE);
  server.up();
  assert.equal(server.aws('s3', 'cp', `${BUCKET}/object`, '-'), 'still here');
});

test('a wrong checksum is refused, an error says its code, an object is encrypted where asked', () => {
  const put = ['s3api', 'put-object', '--bucket', 'kept', '--key', 'sum', '--body', 'README.md'];
  const wrong = Buffer.alloc(32).toString('base64');
  assert.throws(
    () => server.aws(...put, '--checksum-algorithm', 'SHA256', '--checksum-sha256', wrong),
    /BadDigest/,
  );
  assert.throws(() => server.aws('s3', 'cp', `${BUCKET}/nothing`, '-'), /404/);
  assert.match(server.aws(...put, '--server-side-encryption', 'AES256'), /"AES256"/);
  assert.equal(server.aws('s3', 'cp', `${BUCKET}/sum`, '-'), readFileSync('README.md', 'utf8'));
});

test('a day lasts as long as it is told: an object expires', async () => {
  server.aws('s3', 'mb', 's3://short');
  server.aws('s3', 'cp', 'README.md', 's3://short/x');
  const rules = [{ ID: 'x', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 1 } }];
  server.aws(
    's3api',
    'put-bucket-lifecycle-configuration',
    '--bucket',
    'short',
    '--lifecycle-configuration',
    JSON.stringify({ Rules: rules }),
  );
  for (let i = 0; i < 60 && server.aws('s3api', 'list-objects-v2', '--bucket', 'short').includes('"x"'); i++)
    await sleep(500);
  assert.ok(!server.aws('s3api', 'list-objects-v2', '--bucket', 'short').includes('"x"'));
});

test('up again changes nothing; settings that cannot be right are refused', () => {
  const before = readFileSync(join(server.dir, 'server/pid'), 'utf8');
  assert.match(server.script('up'), new RegExp(`http://127.0.0.1:${server.port}\n`));
  assert.equal(readFileSync(join(server.dir, 'server/pid'), 'utf8'), before);
  assert.throws(() => server.script('upp'), /expected up, down, down --purge or status, found "upp"/);
  assert.ok(existsSync(join(server.dir, 'server/data')));
});

test.run();
