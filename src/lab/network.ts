import { LabFailure } from './failure.ts';
import { formatNetwork, type Network, overlaps, parseNetwork } from './ipv4.ts';
import { attempt, run } from './program.ts';
import { type LabHost, type LabSettings, outerName } from './settings.ts';

interface Link {
  readonly ifname: string;
  readonly ifalias?: string;
}

/** What a link of the lab is marked with, to tell ours from others'. */
function mark(settings: LabSettings): string {
  return `fanops-lab ${settings.dir}`;
}

/** Fails when the bridge's name or the address range is in use by something that is not this lab. */
export async function refuseClash(settings: LabSettings): Promise<void> {
  const bridge = (await links()).find((link) => link.ifname === settings.bridge);
  if (bridge && bridge.ifalias !== mark(settings))
    throw new LabFailure(
      `the link ${settings.bridge} exists already and is not this lab's` +
        `${bridge.ifalias ? ` (it is marked "${bridge.ifalias}")` : ''}: ` +
        'set FANOPS_LAB_BRIDGE (--bridge) to another name',
    );
  const taken = (await routedNetworks()).find(
    ({ device, network }) => device !== settings.bridge && overlaps(network, settings.network),
  );
  if (taken)
    throw new LabFailure(
      `the network ${formatNetwork(settings.network)} overlaps ${formatNetwork(taken.network)} on ${taken.device}: ` +
        'set FANOPS_LAB_NETWORK (--network) to a free one, such as 10.99.78.0/24',
    );
}

/** Makes the bridge, with the outer machine's address on it. */
export async function makeBridge(settings: LabSettings): Promise<void> {
  const { bridge, gateway, network } = settings;
  if ((await links()).some((link) => link.ifname === bridge)) return;
  await run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  await run('ip', ['link', 'set', bridge, 'alias', mark(settings)]);
  await run('ip', ['address', 'add', `${gateway}/${network.prefix}`, 'dev', bridge]);
  await run('ip', ['link', 'set', bridge, 'up']);
}

export async function removeBridge(settings: LabSettings): Promise<void> {
  const ours = (await links()).find((link) => link.ifname === settings.bridge);
  if (ours?.ifalias === mark(settings)) await run('ip', ['link', 'delete', settings.bridge]);
}

/** Gives a host its network namespace and plugs it into the bridge; nothing when it is plugged in already. */
export async function plugIn(settings: LabSettings, host: LabHost): Promise<void> {
  const namespace = outerName(settings, host);
  const link = linkName(settings, host);
  if ((await links()).some(({ ifname }) => ifname === link)) return;
  await attempt('ip', ['netns', 'delete', namespace]);
  await run('ip', ['netns', 'add', namespace]);
  await run('ip', [
    ...['link', 'add', link, 'type', 'veth', 'peer', 'name', 'host0'],
    // The same at every start, so that the neighbours' ARP entries stay true.
    ...['address', hardwareAddress(host.address), 'netns', namespace],
  ]);
  await run('ip', ['link', 'set', link, 'alias', mark(settings), 'master', settings.bridge, 'up']);
  await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
  await run('ip', [
    '-n',
    namespace,
    'address',
    'add',
    `${host.address}/${settings.network.prefix}`,
    'dev',
    'host0',
  ]);
  await run('ip', ['-n', namespace, 'link', 'set', 'host0', 'up']);
}

/** Pulls the cable: from now on nothing of the host reaches anyone, not even a reset of its connections. */
export async function cutCable(settings: LabSettings, host: LabHost): Promise<void> {
  await attempt('ip', ['link', 'delete', linkName(settings, host)]);
}

/** Removes the host's link and network namespace, and all that the kernel still holds for it. */
export async function unplug(settings: LabSettings, host: LabHost): Promise<void> {
  await cutCable(settings, host);
  await attempt('ip', ['netns', 'delete', outerName(settings, host)]);
}

/** Links and namespaces of hosts that the settings no longer know. */
export async function removeLeftLinks(settings: LabSettings): Promise<void> {
  const prefix = `${settings.bridge}-`;
  for (const link of await links())
    if (link.ifalias === mark(settings) && link.ifname.startsWith(prefix))
      await attempt('ip', ['link', 'delete', link.ifname]);
  const namespaces = JSON.parse((await run('ip', ['-j', 'netns', 'list'])) || '[]') as { name: string }[];
  for (const { name } of namespaces) if (name.startsWith(prefix)) await run('ip', ['netns', 'delete', name]);
}

function linkName(settings: LabSettings, host: LabHost): string {
  return `${settings.bridge}-${host.number}`;
}

/** Locally administered, made from the IPv4 address. */
function hardwareAddress(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['02', 'fa', ...bytes].join(':');
}

async function links(): Promise<Link[]> {
  return JSON.parse(await run('ip', ['-j', 'link', 'show'])) as Link[];
}

async function routedNetworks(): Promise<{ device: string; network: Network }[]> {
  const routes = JSON.parse(await run('ip', ['-j', '-4', 'route', 'show', 'table', 'all'])) as {
    dst: string;
    dev?: string;
  }[];
  return routes.flatMap(({ dst, dev }) => {
    const network = parseNetwork(dst.includes('/') ? dst : `${dst}/32`);
    // A default route covers everything and says nothing.
    return network && network.prefix > 0 ? [{ device: dev ?? 'a route', network }] : [];
  });
}
