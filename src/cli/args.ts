import { type Diagnostic, InputError } from '../core/diagnostic.ts';
import { didYouMean } from '../language/nearest.ts';
import { withoutSecret } from './without-secret.ts';

/** One option of a command. Without `value` it is a switch. */
export interface Option {
  /** Long name, without the dashes. */
  readonly name: string;
  readonly short?: string;
  /** Other long names for the same. */
  readonly aliases?: readonly string[];
  /** What its value is called in the help. */
  readonly value?: string;
  /** One of these only. */
  readonly choices?: readonly string[];
  readonly help: string;
  /** Known, but not to be had: what to do instead. Not in the help. */
  readonly refused?: string;
}

/** What a command takes. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** Names of the arguments that must be given, in order. */
  readonly positionals: readonly string[];
  /** The last argument may be given several times. */
  readonly isRepeated?: true;
  /** The arguments need not be given. */
  readonly isOptional?: true;
  readonly options: readonly Option[];
}

/** What was given: values by long name, `''` for a switch. */
export interface Args {
  readonly positionals: readonly string[];
  readonly given: ReadonlyMap<string, readonly string[]>;
}

export function isSet(args: Args, name: string): boolean {
  return args.given.has(name);
}

/** Of an option given several times, the last counts. */
export function lastOf(args: Args, name: string): string | undefined {
  return args.given.get(name)?.at(-1);
}

export function allOf(args: Args, name: string): readonly string[] {
  return args.given.get(name) ?? [];
}

/** Reads a command line; throws an InputError with every mistake in it. Asking for help excuses all of them. */
export function parseArgs(spec: CommandSpec, argv: readonly string[]): Args {
  const reading: Reading = { spec, rest: [...argv], positionals: [], given: new Map(), mistakes: [] };
  for (let word = reading.rest.shift(); word !== undefined; word = reading.rest.shift()) {
    if (word === '--') reading.positionals.push(...reading.rest.splice(0));
    else if (word.startsWith('--')) readLong(reading, word.slice(2));
    else if (word.startsWith('-') && word !== '-') readShort(reading, word.slice(1));
    else reading.positionals.push(word);
  }
  if (!reading.given.has('help')) {
    checkPositionals(reading);
    if (reading.mistakes.length > 0) throw new InputError(reading.mistakes);
  }
  return { positionals: reading.positionals, given: reading.given };
}

interface Reading {
  readonly spec: CommandSpec;
  readonly rest: string[];
  readonly positionals: string[];
  readonly given: Map<string, string[]>;
  readonly mistakes: Diagnostic[];
}

/** `--name`, `--name value`, `--name=value`. */
function readLong(reading: Reading, word: string): void {
  const [name = '', ...more] = word.split('=');
  const option = reading.spec.options.find((o) => o.name === name || o.aliases?.includes(name));
  const attached = more.length > 0 ? more.join('=') : undefined;
  if (option) take(reading, option, `--${name}`, attached);
  else unknown(reading, `--${name}`);
}

/** `-f5`, `-f 5`, `-CD` (switches together, the last may take a value). */
function readShort(reading: Reading, letters: string): void {
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters.charAt(at);
    const option = reading.spec.options.find((o) => o.short === letter);
    if (!option) {
      unknown(reading, `-${letter}`);
      return;
    }
    const attached = letters.slice(at + 1);
    if (option.value !== undefined) {
      take(reading, option, `-${letter}`, attached === '' ? undefined : attached.replace(/^=/, ''));
      return;
    }
    take(reading, option, `-${letter}`, undefined);
  }
}

function take(reading: Reading, option: Option, written: string, attached: string | undefined): void {
  const { mistakes, given } = reading;
  if (option.refused !== undefined) {
    mistakes.push(error(`\`${written}\` is not supported`, option.refused));
    // Its value, where it has one, is not an argument of the command.
    if (option.value !== undefined && attached === undefined) reading.rest.shift();
    return;
  }
  if (option.value === undefined && attached !== undefined) {
    mistakes.push(error(`\`${written}\` takes no value, found \`${attached}\``, `write ${written}`));
    return;
  }
  const value = option.value === undefined ? '' : (attached ?? reading.rest.shift());
  if (value === undefined) {
    mistakes.push(error(`\`${written}\` needs a value`, `write ${written} ${option.value}`));
    return;
  }
  if (option.value !== undefined && value === '') {
    const hint =
      'where it comes from a variable of the shell, that is empty or not set; else leave the option out';
    mistakes.push(error(`\`${written}\` needs a value, found an empty one`, hint));
    return;
  }
  if (option.choices && !option.choices.includes(value))
    mistakes.push(
      error(
        `\`${written}\` must be one of ${option.choices.join(', ')}, found \`${value}\``,
        didYouMean(value, option.choices),
      ),
    );
  given.set(option.name, [...(given.get(option.name) ?? []), value]);
}

function unknown(reading: Reading, written: string): void {
  const { spec } = reading;
  const known = spec.options.filter((o) => o.refused === undefined).map((o) => `--${o.name}`);
  const near = written.startsWith('--') ? didYouMean(written, known, 'known') : undefined;
  reading.mistakes.push(
    error(`\`fanops ${spec.name}\` has no option \`${written}\``, near ?? `see fanops ${spec.name} --help`),
  );
}

function checkPositionals({ spec, positionals, mistakes }: Reading): void {
  const missing = spec.isOptional ? [] : spec.positionals.slice(positionals.length);
  const usage = `fanops ${spec.name} ${positionalsText(spec)}`;
  for (const name of missing) mistakes.push(error(`${name} is missing`, `write ${usage}`));
  if (positionals.includes('')) mistakes.push(error('an argument is empty', `write ${usage}`));
  for (const word of spec.isRepeated ? [] : positionals.slice(spec.positionals.length))
    mistakes.push(error(`one argument too many: \`${withoutSecret(word)}\``, `write ${usage}`));
}

/** `FILE`, `FILE...`, `[FILE]` */
export function positionalsText({ positionals, isRepeated, isOptional }: CommandSpec): string {
  const text = `${positionals.join(' ')}${isRepeated ? '...' : ''}`;
  return isOptional ? `[${text}]` : text;
}

function error(message: string, hint: string | undefined): Diagnostic {
  return { severity: 'error', message, ...(hint === undefined ? {} : { hint }) };
}
