// playbooks/rotate-key.yml on real hosts: a new key on all nodes, a restore whose WAL is of both, and back to the key before.
import * as assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { backUpBlockchain, haveBlocks, writeBlockchainInventory } from './blockchain-lab.ts';
import {
  archiveASegment,
  asPostgres,
  assertUnchanged,
  backUp,
  fanopsEnds,
  HOSTS,
  INSTALL,
  INVENTORY,
  labWithBackups,
  momentOn,
  SCRIPTS,
  sqlOn,
  textOn,
} from './on-lab.ts';

const KEY = '/etc/fanatico/backup.key';
const NEW = ['--key', `${KEY}.next`];
const RESTORED = '/var/lib/postgresql/15/restored';

let inventory = INVENTORY;
let [leads, before, after, moment] = ['', '', '', ''];
const folder = mkdtempSync(join(tmpdir(), 'fanops-rotate-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const rotate = (code: number, ...more: string[]) =>
  fanopsEnds(code, 'run', 'playbooks/rotate-key.yml', '-i', inventory, '--yes', ...more);
const keyId = (host: string) => asPostgres(host, `${SCRIPTS}/backup-full.sh --key-id`);
const keysNow = (hosts: readonly string[] = HOSTS) => [...new Set(hosts.map(keyId))];
const nameOfKey = (host: string, path: string) => textOn(host, `jq -r .key_id /var/backups/fanatico/${path}`);
const newest = (host: string, kind: string) =>
  textOn(host, `cd /var/backups/fanatico && ls -t ${kind}/*.gz.json | head -n 1`);

test('a backup and WAL of the old key', () => {
  [leads] = labWithBackups();
  [before = ''] = keysNow();
  sqlOn(leads, 'drop table if exists coins; create table coins as select generate_series(1, 1000) as n');
  // Older ones may need what other nodes have archived; this node's archive is verified by itself below.
  textOn(leads, 'rm -f /var/backups/fanatico/full/*');
  backUp(leads, '--verify');
  sqlOn(leads, 'insert into coins select generate_series(1001, 1100)');
  archiveASegment(leads);
});

test('without a copy of the new key elsewhere it stops, and nothing is written with the new key', () => {
  const refused = rotate(5, '--confirm', 'rotate');
  assert.match(refused.all, /fanops key escrow --key \/etc\/fanatico\/backup.key.next/);
  assert.deepEqual(keysNow(), [before]);
});

test('back from there, and from further than it came, nothing is left of it', () => {
  rotate(0, '--undo', '7');
  assert.deepEqual(keysNow(), [before]);
  assert.match(
    textOn(leads, `ls ${KEY}.next 2>&1; ${SCRIPTS}/backup-freeze.sh status`),
    /No such file.*not frozen/s,
  );
  rotate(5, '--confirm', 'rotate');
});

test('neither the new key nor the old one is in a backup of the configuration', () => {
  textOn(
    leads,
    `${SCRIPTS}/backup-config.sh && rm -rf /root/config && ${SCRIPTS}/restore-config.sh latest --target-dir /root/config`,
  );
  const files = textOn(leads, 'cd /root/config/files/etc/fanatico && find . -type f; rm -rf /root/config');
  assert.match(files, /backup\.conf/);
  assert.doesNotMatch(files, /key/);
});

test('with one, all nodes write with the new key, and read what the old one wrote', () => {
  const identity = join(folder, 'identity');
  execFileSync('age-keygen', ['-o', identity], { stdio: 'ignore' });
  const to = execFileSync('age-keygen', ['-y', identity], { encoding: 'utf8' }).trim();
  const copy = join(folder, 'key.age');
  fanopsEnds(0, 'key', 'escrow', '-i', INVENTORY, ...NEW, '--to', to, '--out', copy);
  const marker = ['--marker', '/var/lib/fanatico/key-escrowed.next.json'];
  fanopsEnds(0, 'key', 'verify-escrow', copy, '--identity', identity, '-i', INVENTORY, ...NEW, ...marker);
  assert.match(rotate(0, '--from', '4', '--confirm', 'rotate').all, /RUNBOOK done/);

  [after = ''] = keysNow();
  assert.notEqual(after, before);
  assert.deepEqual(keysNow(), [after]);
  assert.equal(nameOfKey(leads, newest(leads, 'full')), after);
  assert.equal(nameOfKey(leads, 'CLUSTER.json'), after);
  for (const host of HOSTS) {
    assert.match(textOn(host, 'cat /var/lib/fanatico/key-escrowed.json'), new RegExp(after));
    assert.equal(textOn(host, `ls ${KEY}* -d`), `${KEY}\n${KEY}.d`);
  }
  asPostgres(leads, `${SCRIPTS}/backup-verify.sh --deep`);
  assert.match(textOn(leads, `${SCRIPTS}/backup-freeze.sh status || true`), /not frozen/);
});

test('point-in-time recovery from a backup of the old key goes through WAL of both', () => {
  sqlOn(leads, 'insert into coins select generate_series(1101, 1250)');
  moment = `${momentOn(leads)}+00:00`;
  sqlOn(leads, 'delete from coins');
  archiveASegment(leads);
  assert.equal(nameOfKey(leads, newest(leads, 'wal')), after);
  const old = textOn(leads, `cd /var/backups/fanatico/full && grep -l ${before} *.json | tail -n 1`);
  const restore = `${SCRIPTS}/restore-full.sh ${old.replace(/\.json$/, '')} --pitr '${moment}' --target-dir ${RESTORED}`;
  asPostgres(leads, `rm -rf ${RESTORED} && ${restore} && pg_ctl -D ${RESTORED} -w -l ${RESTORED}/log start`);
  const count = `psql -XAtq -h ${RESTORED} -d postgres -c 'select count(*) from coins'`;
  assert.equal(asPostgres(leads, count), '1250');
  asPostgres(leads, `pg_ctl -D ${RESTORED} -m immediate -w stop && rm -rf ${RESTORED}`);
});

test('install.yml finds nothing to do, and gives a node that lost the old key its copy', () => {
  assertUnchanged(fanopsEnds(0, 'apply', ...INSTALL, '--yes'));
  const other = HOSTS.find((host) => host !== leads) ?? '';
  textOn(other, `rm ${KEY}.d/${before}`);
  fanopsEnds(0, 'apply', ...INSTALL, '--yes');
  assert.match(textOn(other, `ls ${KEY}.d`), new RegExp(before));
});

test('a rotation that is over is not taken back', () => {
  assert.match(rotate(3, '--undo', '7').all, /no rotation is under way.*rotate again/);
  assert.deepEqual(keysNow(), [after]);
});

test('a second rotation, with a host of its own for the blockchain, and back: the key before it writes again, everywhere', () => {
  const chain = HOSTS.find((host) => host !== leads) ?? '';
  inventory = join(folder, 'blockchain.yml');
  writeBlockchainInventory(inventory, chain, true);
  haveBlocks(chain, 1);
  const second = ['-e', 'unescrowed=true', '--confirm', 'rotate without escrow', '--until', '7'];
  // One that cannot be rotated is seen before anything is done.
  textOn(chain, `mv ${SCRIPTS}/backup-rotate.sh /root/`);
  assert.match(rotate(5, ...second).all, /backup-rotate.sh was not found on .*install-blockchain.yml/s);
  fanopsEnds(0, 'apply', 'playbooks/install-blockchain.yml', '-i', inventory, '--yes');
  assert.equal(backUpBlockchain(chain).key_id, after);
  rotate(6, ...second);
  const [third = '', ...others] = keysNow(HOSTS.filter((host) => host !== chain));
  assert.ok(![before, after].includes(third) && others.length === 0, third);
  assert.equal(backUpBlockchain(chain).key_id, third);
  rotate(0, '--undo', '7');
  assert.deepEqual(keysNow(HOSTS.filter((host) => host !== chain)), [after]);
  assert.equal(backUpBlockchain(chain).key_id, after);
  assert.match(
    textOn(chain, `ls ${KEY}.next 2>&1; ${SCRIPTS}/backup-freeze.sh status`),
    /No such file.*not frozen/s,
  );
  textOn(chain, `${SCRIPTS}/restore-blockchain.sh latest --verify-only`);
  assert.equal(nameOfKey(leads, 'CLUSTER.json'), after);
  assert.match(textOn(leads, 'cat /var/lib/fanatico/key-escrowed.json'), new RegExp(after));
  archiveASegment(leads);
  assert.equal(nameOfKey(leads, newest(leads, 'wal')), after);
  asPostgres(leads, `${SCRIPTS}/backup-verify.sh --deep`);
  sqlOn(leads, 'drop table coins');
});

test.run();
