import { armor, Decrypter, Encrypter, identityToRecipient } from 'age-encryption';
import { mistake } from '../core/diagnostic.ts';
import { Secret } from '../core/secret.ts';

const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----';
const BINARY = 'age-encryption.org/v1';

/** Throws an InputError for the first that is no recipient. */
export function checkRecipients(recipients: readonly string[]): void {
  for (const recipient of recipients) addRecipient(new Encrypter(), recipient);
}

/**
 * Encrypts a text so that each of the recipients (`age1…`) can read it: an armored age file, which can be
 * printed, and which every age program decrypts. Throws an InputError for what is no recipient.
 */
export async function encryptTo(recipients: readonly string[], text: Secret): Promise<string> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) addRecipient(encrypter, recipient);
  return `${armor.encode(await encrypter.encrypt(text.expose())).trimEnd()}\n`;
}

/** Decrypts with the first of the identities that can, and says for whom it was encrypted. Throws an InputError. */
export async function decryptWith(
  identities: readonly string[],
  file: string,
  content: Buffer,
): Promise<{ readonly text: Secret; readonly recipient: string }> {
  const bytes = dearmored(file, content);
  for (const identity of identities) {
    const text = await tryIdentity(identity, file, bytes);
    if (text !== undefined) return { text, recipient: await identityToRecipient(identity) };
  }
  throw mistake(`none of the ${identities.length} identities given can decrypt ${file}`, {
    hint: 'it was encrypted to another recipient: ask for the identity that belongs to it',
  });
}

/** The identities in a file as age-keygen writes it: one a line, `#` begins a comment. Throws an InputError. */
export function identitiesIn(file: string, content: string): readonly string[] {
  if (content.startsWith(ARMOR) || content.startsWith(BINARY))
    throw mistake(`the identity ${file} is itself encrypted with a passphrase`, {
      hint: `give its content through a pipe: --identity <(age -d ${file})`,
    });
  const words = content
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (words.length > 0 && words.every((word) => /^AGE-SECRET-KEY-/.test(word))) return words;
  throw mistake(`${file} is no age identity`, {
    hint: 'expected a file as age-keygen writes it, with a line that begins AGE-SECRET-KEY-1',
  });
}

function addRecipient(encrypter: Encrypter, recipient: string): void {
  try {
    encrypter.addRecipient(recipient);
  } catch {
    // What is an identity by mistake is not shown.
    const isIdentity = /^AGE-SECRET-KEY-/i.test(recipient);
    const shown = isIdentity ? 'an identity, which is the secret half' : `\`${recipient}\``;
    throw mistake(`expected an age recipient, found ${shown}`, {
      hint: 'a recipient begins age1 and is printed by age-keygen -y IDENTITYFILE',
    });
  }
}

async function tryIdentity(identity: string, file: string, bytes: Uint8Array): Promise<Secret | undefined> {
  const decrypter = new Decrypter();
  try {
    decrypter.addIdentity(identity);
  } catch {
    throw mistake('an identity is damaged: a character is missing or wrong');
  }
  try {
    return Secret.open(await decrypter.decrypt(bytes, 'text'));
  } catch (error) {
    if (error instanceof Error && /no identity matched/.test(error.message)) return undefined;
    throw mistake(`${file} is damaged: ${error instanceof Error ? error.message : String(error)}`, {
      hint: 'take another copy of it, or make a new one with fanops key escrow',
    });
  }
}

function dearmored(file: string, content: Buffer): Uint8Array {
  const text = content.toString('latin1');
  if (text.startsWith(BINARY)) return content;
  if (!text.trimStart().startsWith(ARMOR))
    throw mistake(`${file} is not encrypted by age`, { hint: `expected a file that begins ${ARMOR}` });
  try {
    return armor.decode(text);
  } catch (error) {
    throw mistake(`${file} is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
}
