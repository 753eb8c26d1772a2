import { userInfo } from 'node:os';
import type { Host } from '../core/host.ts';
import type { Value } from '../core/value.ts';
import type { Definition, Layer } from './definitions.ts';
import { describe, oneOf } from './describe.ts';
import { booleanHint } from './fields.ts';
import { HostScope } from './host-scope.ts';
import { namesOf } from './names.ts';
import { didYouMean } from './nearest.ts';
import type { Problems } from './problems.ts';

/** The variables that say how a host is reached. */
const SUPPORTED = [
  'ansible_host',
  'ansible_port',
  'ansible_user',
  'ansible_connection',
  'ansible_ssh_private_key_file',
  'ansible_become',
  'ansible_become_user',
  'fanops_known_hosts',
  'fanops_proxy_jump',
  'fanops_state_dir',
  'fanops_run_dir',
];

/** Accepted because inventories have it, without any effect. */
const IGNORED = ['ansible_python_interpreter', 'ansible_become_method'];

const INSTEAD: { readonly [name: string]: string } = {
  ansible_password: 'passwords are not supported: use a key (ansible_ssh_private_key_file) or the agent',
  ansible_ssh_pass: 'passwords are not supported: use a key (ansible_ssh_private_key_file) or the agent',
  ansible_become_pass:
    'give it with --ask-become-pass or --become-password-file, not in a file of the inventory',
  ansible_become_password:
    'give it with --ask-become-pass or --become-password-file, not in a file of the inventory',
  ansible_ssh_common_args: 'write fanops_proxy_jump for `-J` and ProxyJump; other options: ~/.ssh/config',
  ansible_ssh_extra_args: 'put it into ~/.ssh/config',
  ansible_ssh_args: 'put it into ~/.ssh/config',
  ansible_ssh_host: 'write ansible_host',
  ansible_ssh_port: 'write ansible_port',
  ansible_ssh_user: 'write ansible_user',
  ansible_private_key_file: 'write ansible_ssh_private_key_file',
  ansible_sudo: 'write ansible_become',
  ansible_host_key_checking: 'host keys are always checked: name the file with fanops_known_hosts',
};

/** On the command line one value would hold for every host. */
const ON_COMMAND_LINE: { readonly [name: string]: string } = {
  ...INSTEAD,
  ansible_user: 'write --user USER',
  ansible_ssh_user: 'write --user USER',
  ansible_ssh_private_key_file: 'write --private-key FILE',
  ansible_private_key_file: 'write --private-key FILE',
  ansible_become: 'write --become',
  ansible_sudo: 'write --become',
  ansible_become_user: 'write become_user at the play or the task',
};

/** What to do instead of giving this variable by `-e`; undefined where it says nothing of how hosts are reached. */
export function insteadOnCommandLine(name: string): string | undefined {
  const isOther = !SUPPORTED.includes(name) && !name.startsWith('ansible_');
  if (isOther || IGNORED.includes(name)) return undefined;
  return (
    ON_COMMAND_LINE[name] ?? 'write it into the inventory, at the host, or name another inventory with -i'
  );
}

/**
 * How a host is reached, from its variables (strongest layer last). Those of the command line count where the host's
 * own refer to them.
 */
export function connectionOf(
  name: string,
  index: number,
  own: readonly Layer[],
  commandLine: Layer,
  problems: Problems,
): Host {
  const reading = new Reading(name, own, commandLine, problems);
  refuseUnsupported(reading, problems);
  const connection = reading.choice('ansible_connection', ['ssh', 'local']) ?? 'ssh';
  const becomeUser = reading.text('ansible_become_user');
  if (becomeUser !== undefined && becomeUser !== 'root')
    reading.mistake(
      'ansible_become_user',
      `a host can only become root, found ${describe(becomeUser)}`,
      'write become_user at the play or the task',
    );
  const privateKeyFile = reading.text('ansible_ssh_private_key_file');
  const stateDir = reading.text('fanops_state_dir');
  const runDir = reading.text('fanops_run_dir');
  const port = reading.port('ansible_port');
  const user = reading.text('ansible_user');
  const proxyJump = reading.text('fanops_proxy_jump');
  const assumed = [
    ...(port === undefined ? ['port' as const] : []),
    ...(user === undefined ? ['user' as const] : []),
  ];
  return {
    name,
    index,
    connection,
    address: reading.text('ansible_host') ?? (connection === 'local' ? 'localhost' : name),
    port: port ?? 22,
    user: user ?? (connection === 'local' ? userInfo().username : 'root'),
    ...(assumed.length > 0 && { assumed }),
    ...(proxyJump !== undefined && { proxyJump }),
    ...(privateKeyFile !== undefined && { privateKeyFile }),
    knownHostsFiles: reading.texts('fanops_known_hosts'),
    become: reading.boolean('ansible_become') ?? false,
    ...(stateDir !== undefined && { stateDir }),
    ...(runDir !== undefined && { runDir }),
  };
}

function refuseUnsupported(reading: Reading, problems: Problems): void {
  for (const definition of reading.definitions()) {
    const { name, position } = definition;
    if (!/^(ansible|fanops)_/.test(name) || SUPPORTED.includes(name)) continue;
    if (IGNORED.includes(name)) problems.warn(`\`${name}\` has no effect here`, position, 'remove it');
    else
      problems.error(
        `\`${name}\` is not supported`,
        position,
        INSTEAD[name] ?? didYouMean(name, SUPPORTED) ?? `supported: ${SUPPORTED.join(', ')}`,
      );
  }
}

/** Reads the connection variables of one host by type, collecting mistakes. */
class Reading {
  readonly #layers: readonly Layer[];
  readonly #scope: HostScope;
  readonly #problems: Problems;

  constructor(host: string, own: readonly Layer[], commandLine: Layer, problems: Problems) {
    this.#layers = own;
    this.#scope = new HostScope([...own, commandLine], namesOf('variable', { inventory_hostname: host }));
    this.#problems = problems;
  }

  definitions(): Definition[] {
    return this.#layers.flatMap((layer) => [...layer.values()]);
  }

  text(name: string): string | undefined {
    const value = this.#value(name);
    if (value === undefined || typeof value === 'string') return value;
    return this.mistake(name, `\`${name}\` must be a text, found ${describe(value)}`, `write "${value}"`);
  }

  texts(name: string): string[] {
    const value = this.#value(name);
    if (value === undefined) return [];
    if (typeof value === 'string') return [value];
    if (Array.isArray(value) && value.every((v) => typeof v === 'string')) return value as string[];
    this.mistake(name, `\`${name}\` must be a file or a list of files, found ${describe(value)}`);
    return [];
  }

  port(name: string): number | undefined {
    const value = this.#value(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536) return value;
    const hint =
      typeof value === 'string' && /^\d+$/.test(value) ? `write ${value}, without quotes` : undefined;
    return this.mistake(name, `\`${name}\` must be a port from 1 to 65535, found ${describe(value)}`, hint);
  }

  boolean(name: string): boolean | undefined {
    const value = this.#value(name);
    if (value === undefined || typeof value === 'boolean') return value;
    return this.mistake(
      name,
      `\`${name}\` must be true or false, found ${describe(value)}`,
      booleanHint(value),
    );
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const choice = choices.find((c) => c === value);
    return choice ?? this.mistake(name, `\`${name}\` must be ${oneOf(choices)}, found ${describe(value)}`);
  }

  mistake(name: string, message: string, hint?: string): undefined {
    const [definition] = this.#scope.definitions(name);
    this.#problems.error(message, definition?.node?.position ?? definition?.position, hint);
  }

  #value(name: string): Value | undefined {
    const [definition] = this.#scope.definitions(name);
    return definition && this.#problems.collect(() => this.#scope.variable(name), definition.position);
  }
}
