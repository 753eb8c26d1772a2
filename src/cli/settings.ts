import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { mistake } from '../core/diagnostic.ts';
import { readDocument } from '../language/document.ts';
import { Fields } from '../language/fields.ts';
import { didYouMean } from '../language/nearest.ts';
import { Problems } from '../language/problems.ts';
import { type Args, allOf } from './args.ts';

/** What holds for a whole project: from `fanops.yml`, FANOPS_* and options, the later stronger. */
export interface Settings {
  /** Path of the inventory; undefined when nobody named one. */
  readonly inventory: string | undefined;
  /** The folder that runs are recorded in. */
  readonly runs: string;
  /** How many hosts are connected to at once. */
  readonly forks: number;
  readonly user: string | undefined;
  readonly privateKey: string | undefined;
  /** ssh's configuration; undefined: without one. */
  readonly sshConfig: string | undefined;
  /** File whose first line opens encrypted key files. */
  readonly keyPassphraseFile: string | undefined;
  /** File whose first line is what sudo asks for. */
  readonly becomePasswordFile: string | undefined;
  /** File of the age identity that opens values encrypted in files of variables. */
  readonly ageIdentity: string | undefined;
  /** For whom `fanops secrets` encrypts. */
  readonly ageRecipients: readonly string[];
}

const FILE = 'fanops.yml';
const KEYS = [
  'inventory',
  'runs',
  'forks',
  'user',
  'private_key',
  'ssh_config',
  'key_passphrase_file',
  'become_password_file',
  'age_identity',
  'age_recipients',
] as const;
type Key = (typeof KEYS)[number];
const OPTIONS: { readonly [key in Key]: string } = {
  inventory: 'inventory',
  runs: 'runs',
  forks: 'forks',
  user: 'user',
  private_key: 'private-key',
  ssh_config: 'ssh-config',
  key_passphrase_file: 'key-passphrase-file',
  become_password_file: 'become-password-file',
  age_identity: 'age-identity',
  age_recipients: 'to',
};
const PATHS: readonly Key[] = [
  'inventory',
  'runs',
  'private_key',
  'ssh_config',
  'key_passphrase_file',
  'become_password_file',
  'age_identity',
];
/** Instead of a path of a configuration of ssh. */
const NONE = 'none';
const DEFAULT_FORKS = 20;

type Written = { readonly [key in Key]?: { readonly value: string; readonly from: string } };

/** Reads the settings for a command line. Paths in `fanops.yml` are relative to it, all others to `cwd`. */
export function readSettings(args: Args, env: NodeJS.ProcessEnv, cwd: string): Settings {
  const written = { ...fromFile(cwd), ...fromEnvironment(env, cwd), ...fromOptions(args, cwd) };
  return {
    inventory: written.inventory?.value,
    runs: written.runs?.value ?? join(projectFolder(cwd), '.fanops', 'runs'),
    forks: written.forks === undefined ? DEFAULT_FORKS : positive(written.forks),
    user: written.user?.value,
    privateKey: written.private_key?.value,
    sshConfig: sshConfigOf(written.ssh_config?.value),
    keyPassphraseFile: written.key_passphrase_file?.value,
    becomePasswordFile: written.become_password_file?.value,
    ageIdentity: written.age_identity?.value,
    ageRecipients: written.age_recipients?.value.split(',').map((word) => word.trim()) ?? [],
  };
}

/** `fanops.yml` here or in the nearest folder above. */
function fromFile(cwd: string): Written {
  const file = nearestFile(resolve(cwd));
  if (file === undefined) return {};
  const problems = new Problems();
  const document = readDocument(file, readFileSync(file, 'utf8'), problems);
  problems.throwIfAny();
  if (document === undefined) return {};
  if (document.kind !== 'mapping')
    throw mistake(`${FILE} must be a mapping of settings`, { position: document.position });
  const fields = new Fields(document, problems);
  for (const { key, keyPosition } of document.entries)
    if (!(KEYS as readonly string[]).includes(key))
      problems.error(`\`${key}\` is not a setting`, keyPosition, didYouMean(key, KEYS, 'settings'));
  const forks = fields.integer('forks', 1);
  const text = (key: Key, path: boolean) => {
    const value = fields.text(key)?.value;
    if (typeof value !== 'string') return {};
    return { [key]: { value: path && value !== NONE ? resolve(dirname(file), value) : value, from: file } };
  };
  const found = {
    ...text('inventory', true),
    ...text('runs', true),
    ...text('user', false),
    ...text('private_key', true),
    ...text('ssh_config', true),
    ...text('key_passphrase_file', true),
    ...text('become_password_file', true),
    ...text('age_identity', true),
    ...recipients(fields, file),
    ...(forks === undefined ? {} : { forks: { value: String(forks), from: file } }),
  };
  problems.throwIfAny();
  return found;
}

/** One recipient, or a list of them. */
function recipients(fields: Fields, file: string): Written {
  if (!fields.entry('age_recipients')) return {};
  const words = fields.texts('age_recipients').map(({ value }) => String(value));
  return { age_recipients: { value: words.join(','), from: file } };
}

/** Where `fanops.yml` is, else where we are. */
function projectFolder(cwd: string): string {
  const file = nearestFile(resolve(cwd));
  return file === undefined ? resolve(cwd) : dirname(file);
}

function nearestFile(folder: string): string | undefined {
  const file = join(folder, FILE);
  if (existsSync(file)) return file;
  return dirname(folder) === folder ? undefined : nearestFile(dirname(folder));
}

function fromEnvironment(env: NodeJS.ProcessEnv, cwd: string): Written {
  return collect((key) => {
    const name = `FANOPS_${key.toUpperCase()}`;
    return env[name] ? { value: env[name], from: name } : undefined;
  }, cwd);
}

function fromOptions(args: Args, cwd: string): Written {
  return collect((key) => {
    const values = allOf(args, OPTIONS[key]);
    const value = key === 'age_recipients' ? values.join(',') : values.at(-1);
    return value === undefined || value === '' ? undefined : { value, from: `--${OPTIONS[key]}` };
  }, cwd);
}

/** The command line as it reads from another folder, too: with whole paths. */
export function withWholePaths({ positionals, given }: Args, cwd: string): Args {
  const paths = PATHS.map((key) => OPTIONS[key]);
  const whole = (path: string): string => (path === NONE ? path : resolve(cwd, path));
  const options = [...given].map(
    ([name, values]) => [name, paths.includes(name) ? values.map(whole) : values] as const,
  );
  return { positionals, given: new Map(options) };
}

function collect(read: (key: Key) => { value: string; from: string } | undefined, cwd: string): Written {
  return Object.fromEntries(
    KEYS.flatMap((key) => {
      const found = read(key);
      if (found === undefined) return [];
      const isPath = PATHS.includes(key) && found.value !== NONE;
      return [[key, isPath ? { ...found, value: resolve(cwd, found.value) } : found]];
    }),
  );
}

function sshConfigOf(written = join(homedir(), '.ssh', 'config')): string | undefined {
  return written === NONE ? undefined : written;
}

function positive({ value, from }: { readonly value: string; readonly from: string }): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw mistake(`the number of forks must be a whole number from 1 to 9999, found \`${value}\` in ${from}`);
}
