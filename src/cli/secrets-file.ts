import { statSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { type Diagnostic, InputError, mistake } from '../core/diagnostic.ts';
import { Secret } from '../core/secret.ts';
import { Envelopes } from '../language/envelopes.ts';
import { asBlock, replaceValues, type SecretValue, textsOf } from '../language/secret-values.ts';
import { keepFile } from './keep-file.ts';
import { readNamed } from './named-file.ts';
import { openAll } from './open-project.ts';
import type { Settings } from './settings.ts';

/** A file of variables, and the texts in it. */
export interface SecretsFile {
  readonly file: string;
  readonly text: string;
  readonly values: readonly SecretValue[];
}

export function readSecretsFile(file: string): SecretsFile {
  const text = readNamed(file, 'a YAML file of variables');
  return { file, text, values: textsOf(file, text) };
}

/** What is encrypted in the file, opened, by envelope. Throws an InputError for what cannot be opened. */
export async function openValues(
  { values }: SecretsFile,
  settings: Settings,
): Promise<ReadonlyMap<string, Secret>> {
  const envelopes = new Envelopes();
  const encrypted = values.filter(({ state }) => state === 'encrypted');
  for (const { text, position } of encrypted) envelopes.secretIn(text, position);
  if (encrypted.length > 0) await openAll(envelopes, settings);
  return new Map(encrypted.map(({ text, position }) => [text, envelopes.secretIn(text, position)]));
}

/** For whom to encrypt. Throws an InputError when nobody is named, or somebody who is no recipient. */
export async function recipientsOf({ ageRecipients }: Settings): Promise<readonly string[]> {
  if (ageRecipients.length === 0)
    throw mistake('nobody is named for whom to encrypt', {
      hint: 'write --to age1…, or put `age_recipients: [age1…]` into fanops.yml; age-keygen makes an identity and its recipient',
    });
  const { checkRecipients } = await import('../escrow/age.ts');
  checkRecipients(ageRecipients);
  return ageRecipients;
}

/** The file's text with these values encrypted; `known` gives envelopes that can be kept. Throws an InputError. */
export async function encryptValues(
  text: string,
  values: readonly SecretValue[],
  recipients: readonly string[],
  known: (value: SecretValue) => string | undefined = () => undefined,
): Promise<string> {
  const { encryptTo } = await import('../escrow/age.ts');
  const mistakes: Diagnostic[] = [];
  const replacements: { value: SecretValue; by: string }[] = [];
  for (const value of values)
    try {
      const armored = known(value) ?? (await encryptTo(recipients, Secret.open(value.text)));
      replacements.push({ value, by: asBlock(value, armored) });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      mistakes.push(...error.diagnostics);
    }
  if (mistakes.length > 0) throw new InputError(mistakes);
  return replaceValues(text, replacements);
}

/** Replaces the file whole, with the permissions that it had. */
export async function writeSecretsFile(file: string, text: string): Promise<void> {
  const { mode } = statSync(file);
  await keepFile(file, async (sink) => {
    await new Promise<void>((resolve, reject) => {
      sink.on('error', reject);
      sink.end(text, resolve);
    });
  });
  await chmod(file, mode & 0o7777);
}
