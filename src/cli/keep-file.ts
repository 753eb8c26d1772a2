import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { makeFolder } from '../journal/make-folder.ts';

/**
 * Keeps a file of a host here: written beside its place, mode 0600, synced, renamed when `write` has succeeded. What
 * was there stays when it fails. Makes missing folders.
 */
export async function keepFile(path: string, write: (sink: Writable) => Promise<void>): Promise<void> {
  makeFolder(dirname(path));
  const beside = `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    await write(createWriteStream(beside, { mode: 0o600, flags: 'wx' }));
    const file = await open(beside, 'r');
    await file.sync().finally(() => file.close());
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
