// A blockchain in the lab: a database with blocks, and an inventory whose group `blockchain` names its host.
import * as assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { INVENTORY, SCRIPTS, textOn } from './on-lab.ts';

export const CHAIN_DB = '/srv/chain/chain.db';

/** The lab's inventory with a group `blockchain` of this host, in `file`: beside `db`, or taken out of it. */
export function writeBlockchainInventory(file: string, host: string, isAlone: boolean): void {
  const text = readFileSync(INVENTORY, 'utf8').trimEnd();
  const [whole = '', address = ''] =
    new RegExp(`\\n +${host}:\\n +(ansible_host: \\S+)`).exec(text) ?? assert.fail(host);
  const login = text.slice(text.indexOf('        ansible_user:'));
  const own = isAlone ? `\n          ${address}` : '';
  const vars = `        blockchain_database: ${CHAIN_DB}\n${isAlone ? `${login}\n` : ''}`;
  const group = `\n    blockchain:\n      hosts:\n        ${host}:${own}\n      vars:\n${vars}`;
  writeFileSync(file, `${isAlone ? text.replace(whole, '') : text}${group}`);
}

/** A database at this block; one that is there goes on. */
export function haveBlocks(host: string, block: number): void {
  const statement = `create table if not exists blocks (height integer primary key); insert or ignore into blocks values (${block})`;
  textOn(
    host,
    `apt-get install -qy sqlite3 >/dev/null; install -d -o postgres -g postgres ${CHAIN_DB.replace(/\/[^/]+$/, '')} &&
      runuser -u postgres -- sqlite3 ${CHAIN_DB} '${statement}'`,
  );
}

export function blockOn(host: string): number {
  return Number(
    textOn(host, `runuser -u postgres -- sqlite3 ${CHAIN_DB} 'select max(height) from blocks' 2>/dev/null`),
  );
}

/** Makes a backup of the blockchain; its sidecar. */
export function backUpBlockchain(host: string, ...options: string[]): { readonly [field: string]: string } {
  textOn(host, `${SCRIPTS}/backup-blockchain.sh ${options.join(' ')}`);
  return JSON.parse(textOn(host, 'cat $(ls -t /var/backups/fanatico/blockchain/*.json | head -n 1)'));
}
