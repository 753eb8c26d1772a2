import type { Batch } from '../core/session.ts';

/** Throws where a batch could not be carried to the host as it is: a mistake of the caller. */
export function checkBatch(batch: Batch): void {
  if (!/^[A-Za-z0-9._-]{1,150}$/.test(batch.key) || /^\.+$/.test(batch.key))
    throw new Error(
      `a batch key is 1 to 150 letters, digits, dots, dashes or underscores, found "${batch.key}"`,
    );
  for (const command of batch.commands) {
    checkScript(command.script);
    checkUser(command.as);
  }
}

/** A shell drops NUL bytes silently; what runs would not be what was shown. */
export function checkScript(script: string): void {
  if (script.includes('\0')) throw new Error('a script cannot hold a NUL byte');
}

export function checkUser(user: string | undefined): void {
  if (user !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$/.test(user))
    throw new Error(`not the name of an account: "${user}"`);
}
