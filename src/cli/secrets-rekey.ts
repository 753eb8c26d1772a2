import type { Outcome } from '../core/outcome.ts';
import { counted } from '../report/text.ts';
import type { Args } from './args.ts';
import {
  encryptValues,
  openValues,
  readSecretsFile,
  recipientsOf,
  writeSecretsFile,
} from './secrets-file.ts';
import { readSettings } from './settings.ts';

/** `fanops secrets rekey`: encrypts again, for those who are named now. All files are read before one is written. */
export async function rekey(args: Args): Promise<Outcome> {
  const settings = readSettings(args, process.env, process.cwd());
  const recipients = await recipientsOf(settings);
  const rewritten: { file: string; text: string; count: number }[] = [];
  for (const file of args.positionals) {
    const read = readSecretsFile(file);
    const opened = await openValues(read, settings);
    const values = read.values.flatMap((value) => {
      const secret = opened.get(value.text);
      return secret ? [{ ...value, text: secret.expose() }] : [];
    });
    rewritten.push({
      file,
      text: await encryptValues(read.text, values, recipients),
      count: values.length,
    });
  }
  for (const { file, text, count } of rewritten) {
    if (count > 0) await writeSecretsFile(file, text);
    process.stderr.write(`${file}: ${counted(count, 'value')} encrypted for ${recipients.join(' and ')}\n`);
  }
  process.stderr.write(
    'Whoever could read them before can read them still in older versions of the files: change what must stay secret.\n',
  );
  return 'done';
}
