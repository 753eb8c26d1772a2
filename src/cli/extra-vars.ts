import { type Diagnostic, InputError, mistake } from '../core/diagnostic.ts';
import { isSecretName } from '../core/secret.ts';
import type { Value } from '../core/value.ts';
import { readDocument } from '../language/document.ts';
import type { Envelopes } from '../language/envelopes.ts';
import { insteadOnCommandLine } from '../language/host-connection.ts';
import { plainValue } from '../language/located.ts';
import { Problems } from '../language/problems.ts';
import { MOST_LEVELS, TOO_DEEP, TOO_DEEP_HINT } from '../language/yaml-syntax.ts';
import { readNamed } from './named-file.ts';
import { withoutAnySecret } from './without-secret.ts';

/** The variables of `-e`, in the order given; the later wins. */
export function extraVars(written: readonly string[], envelopes?: Envelopes): { [name: string]: Value } {
  const variables: { [name: string]: Value } = Object.assign(
    {},
    ...written.map((word) => (word.startsWith('@') ? fromFile(word.slice(1), envelopes) : fromWord(word))),
  );
  refuseConnections(Object.keys(variables));
  return variables;
}

/** They would be shown, and the hosts reached by other ones: those of the inventory. */
function refuseConnections(names: readonly string[]): void {
  const mistakes = names.flatMap((name): Diagnostic[] => {
    const hint = insteadOnCommandLine(name);
    const message = `-e ${name}: how hosts are reached is not a variable of the command line`;
    return hint === undefined ? [] : [{ severity: 'error', message, hint }];
  });
  if (mistakes.length > 0) throw new InputError(mistakes);
}

/** `name=value`: whole numbers, true, false and JSON lists and objects are taken as such, all else as text. */
function fromWord(word: string): { [name: string]: Value } {
  const [name = '', ...rest] = word.split('=');
  if (!/^[A-Za-z_]\w*$/.test(name) || rest.length === 0)
    throw mistake(`-e takes NAME=VALUE or @FILE, found \`${withoutAnySecret(word)}\``, {
      hint: 'a name has letters, digits and underscores; quote the whole for the shell: -e "name=some value"',
    });
  return { [name]: typed(name, rest.join('=')) };
}

function typed(name: string, text: string): Value {
  if (/^(0|-?[1-9]\d{0,14})$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  if (!/^[[{"]/.test(text)) return text;
  try {
    return noDeeper(name, JSON.parse(text) as Value);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const isShown = !isSecretName(`${name}=${text}`);
    throw mistake(`the value of -e ${name} begins like JSON and is none${isShown ? `: ${text}` : ''}`, {
      hint: `a text that begins with [, { or " is written as JSON: -e '${name}=${isShown ? JSON.stringify(text) : '"…"'}'`,
    });
  }
}

/** As for files: what comes later goes down all levels. */
function noDeeper(name: string, value: Value): Value {
  let level: readonly Value[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MOST_LEVELS) throw mistake(`-e ${name}: ${TOO_DEEP}`, { hint: TOO_DEEP_HINT });
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return value;
}

function fromFile(file: string, envelopes: Envelopes | undefined): { [name: string]: Value } {
  const problems = new Problems(envelopes);
  const text = readNamed(file, 'a YAML file of variables', `-e @${file}`);
  const document = readDocument(file, text, problems);
  problems.throwIfAny();
  if (document === undefined) return {};
  if (document.kind !== 'mapping')
    throw mistake('a file of variables must be a mapping: `name: value` lines', {
      position: document.position,
    });
  return plainValue(document) as { [name: string]: Value };
}
