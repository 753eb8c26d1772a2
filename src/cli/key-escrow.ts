import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { mistake } from '../core/diagnostic.ts';
import type { Outcome } from '../core/outcome.ts';
import { type Args, allOf, lastOf } from './args.ts';
import { KEY_FILE } from './key-options.ts';
import { keyOf, withMembers } from './members.ts';

/** `fanops key escrow`: the members' backup key, encrypted for somebody, into a file here. Changes no host. */
export async function escrow(args: Args): Promise<Outcome> {
  const recipients = allOf(args, 'to');
  if (recipients.length === 0)
    throw mistake('`--to` is missing', { hint: 'write --to age1…: who will be able to decrypt the key' });
  const { checkRecipients, encryptTo } = await import('../escrow/age.ts');
  checkRecipients(recipients);
  const found = await withMembers(args, (members) => keyOf(members, lastOf(args, 'key') ?? KEY_FILE));
  if ('problem' in found) {
    process.stderr.write(`fanops: ${found.problem}\n`);
    return 'failed';
  }
  const file = lastOf(args, 'out') ?? `fanatico-backup-key.${found.id}.age`;
  writeNew(file, await encryptTo(recipients, found.key));
  process.stdout.write(`${file}\n`);
  process.stderr.write(
    `The key ${found.id} is in ${file}, for ${recipients.join(' and ')}.\n` +
      'It counts as escrowed once it was decrypted from there, where its identity is kept:\n' +
      `  fanops key verify-escrow ${file} --identity IDENTITYFILE\n`,
  );
  return 'done';
}

/** Never over another file: it may be the last copy of another key. */
function writeNew(file: string, text: string): void {
  let out: number;
  try {
    out = openSync(file, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw mistake(`${file} is there already, and is not written over`, { hint: 'write --out ANOTHER' });
  }
  writeSync(out, text);
  fsyncSync(out);
  closeSync(out);
}
