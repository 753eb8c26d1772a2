import { existsSync, statSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { type Diagnostic, mistake } from '../core/diagnostic.ts';
import type { Host } from '../core/host.ts';
import type { Secret } from '../core/secret.ts';
import type { Inventory, Playbook } from '../core/task.ts';
import { Envelopes } from '../language/envelopes.ts';
import { readInventory } from '../language/load-inventory.ts';
import { type LoadOptions, loadPlaybook } from '../language/load-playbook.ts';
import { resources } from '../resources/registry.ts';
import { withSshConfig } from '../transport/ssh-places.ts';
import { type Args, allOf, isSet, lastOf } from './args.ts';
import { extraVars } from './extra-vars.ts';
import { ReadFiles } from './read-files.ts';
import { readSettings, type Settings } from './settings.ts';

/** A playbook with its inventory, checked: all that can be known without reaching a host. */
export interface Project {
  readonly settings: Settings;
  /** The files that it was read from. */
  readonly files: ReadFiles;
  readonly inventory: Inventory;
  readonly playbook: Playbook;
  /** What was found while loading and does not stand in the way. */
  readonly warnings: readonly Diagnostic[];
  /** What was encrypted in its files and has been opened. */
  readonly secrets: readonly Secret[];
}

/** The files of a command line, read and not yet made sense of. */
interface Sources {
  readonly settings: Settings;
  readonly file: string;
  readonly text: string;
  readonly files: ReadFiles;
  /** What playbooks and runbooks are loaded with alike. */
  readonly options: Omit<LoadOptions, 'limit' | 'tags' | 'skipTags'>;
}

/** Loads without opening anything: what is encrypted in the files stays sealed, unless `envelopes` know it. */
export function loadProject(args: Args, envelopes = new Envelopes()): Project {
  const { settings, files, options } = readSources(args, envelopes);
  const limit = lastOf(args, 'limit');
  const playbook = loadPlaybook({
    ...options,
    ...(limit === undefined ? {} : { limit }),
    tags: tagsOf(args, 'tags'),
    skipTags: tagsOf(args, 'skip-tags'),
  });
  return {
    settings,
    files,
    playbook,
    inventory: options.inventory.inventory,
    warnings: playbook.warnings,
    secrets: envelopes.secrets,
  };
}

/** Reads what a command line names: settings, the file of its first argument, the inventory, variables. */
export function readSources(args: Args, envelopes: Envelopes): Sources {
  const cwd = process.cwd();
  const settings = readSettings(args, process.env, cwd);
  const file = findPlaybook(args.positionals[0] ?? '');
  const files = new ReadFiles(cwd);
  const text = files.text(file);
  const inventoryFile = findInventory(settings, cwd);
  const given = allOf(args, 'extra-vars');
  const variables = extraVars(given, envelopes);
  const inventoryText = files.text(inventoryFile);
  const read = readInventory(inventoryFile, inventoryText, files.folders, envelopes, variables);
  for (const word of given) if (word.startsWith('@')) files.bytes(word.slice(1));
  const options = {
    file,
    text,
    inventory: { ...read, inventory: withOverrides(read.inventory, settings, args) },
    resources,
    extraVars: variables,
    envelopes,
    folders: files.folders,
    readFile: (path: string) => files.bytes(resolve(dirname(file), path)),
  };
  return { settings, file, text, files, options };
}

/** A path, or a name under `playbooks/`, here or where fanops itself is, with or without its ending. */
export function findPlaybook(name: string): string {
  const names = extname(name) === '' ? [name, `${name}.yml`, `${name}.yaml`] : [name];
  const home = process.env.FANOPS_ROOT;
  const folders = home === undefined ? ['playbooks'] : ['playbooks', join(home, 'playbooks')];
  const tried = [...names, ...folders.flatMap((folder) => names.map((n) => join(folder, n)))];
  const found = tried.find((path) => existsSync(path) && statSync(path).isFile());
  if (found !== undefined) return found;
  throw mistake(`there is no playbook \`${name}\``, { hint: `looked for ${tried.join(', ')}` });
}

/** The file that the settings name, as it is shown. */
export function findInventory({ inventory }: Settings, cwd: string): string {
  if (inventory === undefined)
    throw mistake('no inventory was named', {
      hint: 'write -i FILE, set FANOPS_INVENTORY, or put `inventory: FILE` into fanops.yml',
    });
  const shown = relative(cwd, inventory);
  const file = shown.startsWith('..') ? inventory : shown;
  if (existsSync(file) && statSync(file).isFile()) return file;
  throw mistake(`the inventory ${file} is not there`, { hint: 'write -i FILE' });
}

/** What the command line says about connections is stronger than the inventory, and that than ssh's configuration. */
export function withOverrides(inventory: Inventory, settings: Settings, args: Args): Inventory {
  const become = isSet(args, 'become');
  const override = (host: Host): Host => ({
    ...host,
    ...(settings.user === undefined ? {} : { user: settings.user, assumed: withoutUser(host) }),
    ...(settings.privateKey === undefined ? {} : { privateKeyFile: settings.privateKey }),
    ...(become ? { become } : {}),
  });
  const hosts = withSshConfig(inventory.hosts.map(override), settings.sshConfig);
  const hasPassword = isSet(args, 'ask-become-pass') || settings.becomePasswordFile !== undefined;
  return { ...inventory, hosts: hasPassword ? hosts.map(rootFromTheStart) : hosts };
}

/** sudo asks for its password once a shell: so there is one of root, which runs plain tasks as the one who logs in. */
function rootFromTheStart(host: Host): Host {
  return host.become ? host : { ...host, become: true, plainUser: host.user };
}

function withoutUser({ assumed = [] }: Host): readonly 'port'[] {
  return assumed.filter((name) => name !== 'user');
}

/** `a,b` and repeated options alike. Without one of them all tasks are meant, which `,` does not say. */
function tagsOf(args: Args, option: 'tags' | 'skip-tags'): string[] {
  return allOf(args, option).flatMap((value) => {
    const tags = value.split(',').map((word) => word.trim());
    const named = tags.filter((word) => word !== '');
    if (named.length === 0) throw mistake(`--${option}: a tag was expected, found \`${value}\``);
    return named;
  });
}
