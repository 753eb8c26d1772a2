import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { InputError, mistake } from '../core/diagnostic.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Secret } from '../core/secret.ts';
import { asTagged, replaceValues, type SecretValue, textsOf } from '../language/secret-values.ts';
import { diagnosticsText } from '../report/diagnostics.ts';
import { counted } from '../report/text.ts';
import type { Args } from './args.ts';
import { ask } from './ask.ts';
import { stderrPaint } from './console.ts';
import {
  encryptValues,
  openValues,
  readSecretsFile,
  recipientsOf,
  type SecretsFile,
  writeSecretsFile,
} from './secrets-file.ts';
import { readSettings } from './settings.ts';

/**
 * `fanops secrets edit`: shows the file with its encrypted values opened and tagged `!secret`, and encrypts
 * every value so tagged afterwards. A value that was not touched keeps its ciphertext.
 */
export async function edit(args: Args): Promise<Outcome> {
  const [file = ''] = args.positionals;
  const settings = readSettings(args, process.env, process.cwd());
  const recipients = await recipientsOf(settings);
  const before = readSecretsFile(file);
  const opened = await openValues(before, settings);
  const shown = withOpened(before, opened);
  const edited = await inEditor(basename(file), shown, async (text) => {
    const tagged = textsOf(file, text).filter(({ state }) => state === 'tagged');
    return {
      count: tagged.length,
      text: await encryptValues(text, tagged, recipients, keptOf(before, opened)),
    };
  });
  if (edited === 'unchanged') {
    process.stderr.write(`${file}: not changed\n`);
    return 'done';
  }
  if (edited === 'given up') return 'interrupted';
  await writeSecretsFile(file, edited.text);
  process.stderr.write(`${file}: written, with ${counted(edited.count, 'encrypted value')}\n`);
  return 'done';
}

function withOpened({ text, values }: SecretsFile, opened: ReadonlyMap<string, Secret>): string {
  return replaceValues(
    text,
    values.flatMap((value) => {
      const secret = opened.get(value.text);
      return secret ? [{ value, by: asTagged(value, secret.expose()) }] : [];
    }),
  );
}

/** The envelope that already holds this text at this place. */
function keptOf(before: SecretsFile, opened: ReadonlyMap<string, Secret>) {
  return (value: SecretValue): string | undefined =>
    before.values.find(({ path, text }) => path === value.path && opened.get(text)?.expose() === value.text)
      ?.text;
}

/** Edits a text in a file that only we can read, until `take` accepts it or the operator gives up. */
async function inEditor<T>(
  name: string,
  shown: string,
  take: (text: string) => Promise<T>,
): Promise<T | 'unchanged' | 'given up'> {
  // In memory where that can be had: the disk never holds it.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'fanops-edit-'));
  const file = join(folder, name);
  try {
    writeFileSync(file, shown, { mode: 0o600 });
    for (;;) {
      runEditor(file);
      const text = readFileSync(file, 'utf8');
      if (text === shown) return 'unchanged';
      try {
        return await take(text);
      } catch (error) {
        if (!(error instanceof InputError) || !process.stdin.isTTY) throw error;
        process.stderr.write(diagnosticsText(error.diagnostics, stderrPaint()));
      }
      if (!(await ask('Edit it again? Otherwise what was typed is lost. Type "yes" or "no": ', 'yes')))
        return 'given up';
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As git does: the words of $VISUAL or $EDITOR, then the file. */
function runEditor(file: string): void {
  const editor = process.env.VISUAL || process.env.EDITOR || 'vi';
  const { status, error } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0)
    throw mistake(`the editor (${editor}) ended with ${status}; nothing was changed`, {
      hint: 'set EDITOR to a program that waits until the file is closed',
    });
}
