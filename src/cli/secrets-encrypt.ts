import { mistake } from '../core/diagnostic.ts';
import type { Outcome } from '../core/outcome.ts';
import { didYouMean } from '../language/nearest.ts';
import { kindAt, type SecretValue } from '../language/secret-values.ts';
import { counted } from '../report/text.ts';
import { type Args, allOf } from './args.ts';
import {
  encryptValues,
  readSecretsFile,
  recipientsOf,
  type SecretsFile,
  writeSecretsFile,
} from './secrets-file.ts';
import { readSettings } from './settings.ts';

/** `fanops secrets encrypt`: encrypts the values named, and those tagged `!secret`, where they stand. */
export async function encrypt(args: Args): Promise<Outcome> {
  const [file = ''] = args.positionals;
  const recipients = await recipientsOf(readSettings(args, process.env, process.cwd()));
  const read = readSecretsFile(file);
  const wanted = wantedIn(read, allOf(args, 'name'));
  if (wanted.length > 0) await writeSecretsFile(file, await encryptValues(read.text, wanted, recipients));
  const kept = read.values.filter(({ state }) => state === 'encrypted').length;
  process.stderr.write(
    `${file}: ${counted(wanted.length, 'value')} encrypted${kept === 0 ? '' : `, ${kept} were already`}\n`,
  );
  return 'done';
}

/** Throws an InputError for a name that is not there, and when there is nothing to do. */
function wantedIn(read: SecretsFile, names: readonly string[]): SecretValue[] {
  const { file, values } = read;
  const named = names.map((name) => {
    const value = values.find(({ path }) => path === name);
    if (value) return value;
    const other = kindAt(read.text, name);
    if (other !== undefined)
      throw mistake(`\`${name}\` in ${file} is ${other}, and only texts are encrypted`, {
        hint:
          other === 'a mapping or a list'
            ? 'name a value inside of it with dots: `users.0.password`'
            : 'put it in quotes: what is encrypted is read as a text',
      });
    const paths = values.map(({ path }) => path);
    throw mistake(`${file} has no text \`${name}\``, {
      hint:
        didYouMean(name, paths, 'texts') ?? 'a value inside of others is named with dots: `users.0.password`',
    });
  });
  const tagged = values.filter((value) => value.state === 'tagged' && !named.includes(value));
  const all = [...named, ...tagged];
  if (all.length === 0)
    throw mistake(`nothing in ${file} is to be encrypted`, {
      hint: 'write --name VARIABLE, or tag values in the file: `password: !secret value`',
    });
  return all.filter(({ state }) => state !== 'encrypted');
}
