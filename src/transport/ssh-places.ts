import { homedir, userInfo } from 'node:os';
import { mistake } from '../core/diagnostic.ts';
import type { Host, SshPlace } from '../core/host.ts';
import { readSshConfig, type SshConfig, type SshOptions } from './ssh-config.ts';

/** A chain of jump hosts longer than this leads in a circle. */
const MOST_JUMPS = 8;

/**
 * The hosts with what a configuration of ssh adds to the inventory, which is the stronger of the two. Throws
 * `InputError` where the configuration asks for what fanops does not do.
 */
export function withSshConfig(hosts: readonly Host[], file = 'no configuration of ssh'): Host[] {
  const config = readSshConfig(file);
  return hosts.map((host) => (host.connection === 'ssh' ? placeHost(host, config, file) : host));
}

function placeHost(host: Host, config: SshConfig, file: string): Host {
  const { assumed = [], proxyJump, ...rest } = host;
  const given = {
    port: assumed.includes('port') ? undefined : host.port,
    user: assumed.includes('user') ? undefined : host.user,
  };
  const options = config.optionsFor(host.address, given.user);
  const place = placeOf(host.address, given, 'root', options, file);
  const chain = proxyJump ?? first(options, 'proxyjump');
  if (chain === undefined) refuseProxyCommand(options, host.address, file);
  const jumps = jumpsOf(chain, config, file, [host.address]);
  return {
    ...rest,
    ...place,
    ...(host.privateKeyFile === undefined ? {} : { privateKeyFile: host.privateKeyFile }),
    knownHostsFiles: host.knownHostsFiles.length > 0 ? host.knownHostsFiles : place.knownHostsFiles,
    ...(jumps.length > 0 && { jumps }),
  };
}

/** The places of a chain, in their order; the first may itself be reached by others. */
function jumpsOf(
  chain: string | undefined,
  config: SshConfig,
  file: string,
  behind: readonly string[],
): SshPlace[] {
  if (chain === undefined || chain.toLowerCase() === 'none') return [];
  if (behind.length > MOST_JUMPS)
    throw mistake(`ProxyJump leads in a circle: ${behind.join(' -> ')}`, { hint: file });
  return chain.split(',').flatMap((text, index) => {
    const { user, address, port } = parseJump(text.trim());
    const options = config.optionsFor(address, user);
    const place = placeOf(address, { port, user }, userInfo().username, options, file);
    const before = index > 0 ? [] : jumpsOf(first(options, 'proxyjump'), config, file, [...behind, address]);
    return [...before, place];
  });
}

/** `[user@]host[:port]`, also as `ssh://…` and with an IPv6 address in brackets. */
function parseJump(text: string): { user?: string; address: string; port?: number } {
  const parts = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:@[\]]+))(?::(\d+))?\/?$/.exec(text);
  const [, user, bracketed, plain, port] = parts ?? [];
  const address = bracketed ?? plain;
  if (address === undefined)
    throw mistake(`expected a jump host as [user@]host[:port], found \`${text}\``, {
      hint: 'several are separated by commas; none: `none`',
    });
  return {
    address,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

function placeOf(
  address: string,
  given: { readonly port?: number | undefined; readonly user?: string | undefined },
  usualUser: string,
  options: SshOptions,
  file: string,
): SshPlace {
  const user = given.user ?? first(options, 'user') ?? usualUser;
  const hostName = (first(options, 'hostname') ?? address).replaceAll(/%[h%]/g, (t) =>
    t === '%h' ? address : '%',
  );
  const expand = (text: string) => expanded(text, { h: hostName, n: address, r: user });
  const identityFiles = options.get('identityfile')?.flat().map(expand);
  const alias = first(options, 'hostkeyalias');
  return {
    address: hostName,
    port: given.port ?? portOf(first(options, 'port'), file) ?? 22,
    user,
    ...(identityFiles && { identityFiles: identityFiles.filter((name) => name.toLowerCase() !== 'none') }),
    ...(first(options, 'identitiesonly')?.toLowerCase() === 'yes' && { identitiesOnly: true }),
    knownHostsFiles: (options.get('userknownhostsfile')?.flat() ?? []).map(expand),
    ...(alias === undefined ? {} : { hostKeyAlias: alias }),
  };
}

/** `%d` and the other tokens of file names, and variables of the environment. */
function expanded(text: string, tokens: { readonly [token: string]: string }): string {
  const known: { readonly [token: string]: string } = {
    ...tokens,
    d: homedir(),
    u: userInfo().username,
    i: String(process.getuid?.() ?? ''),
    '%': '%',
  };
  return text
    .replaceAll(/%(.)/g, (whole, token: string) => known[token] ?? whole)
    .replaceAll(/\$\{(\w+)\}/g, (_, name: string) => process.env[name] ?? '');
}

function portOf(text: string | undefined, file: string): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw mistake(`${file}: expected a port from 1 to 65535, found \`Port ${text}\``);
}

function refuseProxyCommand(options: SshOptions, address: string, file: string): void {
  const command = options.get('proxycommand')?.[0]?.join(' ');
  if (command === undefined || command.toLowerCase() === 'none') return;
  throw mistake(
    `${file}: \`ProxyCommand ${command}\` holds for ${address}, and fanops runs no such program`,
    {
      hint: 'write ProxyJump there, or fanops_proxy_jump in the inventory (none: connect directly)',
    },
  );
}

function first(options: SshOptions, keyword: string): string | undefined {
  return options.get(keyword)?.[0]?.[0];
}
