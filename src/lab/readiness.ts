import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPopulated } from './cgroup.ts';
import type { CgroupLayout } from './cgroup-layout.ts';
import { LabFailure } from './failure.ts';
import { hostPlaces, placesOf } from './places.ts';
import { attempt } from './program.ts';
import { type LabHost, type LabSettings, outerName } from './settings.ts';

const SSH_WITHIN_MS = 60_000;
/** A service that waits for other hosts keeps systemd "starting": that is not the lab's fault. */
const SYSTEMD_WITHIN_S = 25;

/** The arguments of the system's ssh for a host, without the command. */
export function sshArguments(settings: LabSettings, host: LabHost): string[] {
  const { sshKey, knownHosts } = placesOf(settings);
  const options = [
    `IdentityFile=${sshKey}`,
    'IdentitiesOnly=yes',
    'BatchMode=yes',
    `UserKnownHostsFile=${knownHosts}`,
    'StrictHostKeyChecking=yes',
    'ConnectTimeout=5',
    'LogLevel=ERROR',
  ];
  return ['-F', 'none', ...options.flatMap((option) => ['-o', option]), `root@${host.address}`];
}

/** Waits until the host answers ssh and its systemd has come up. Returns a warning when it is not all well. */
export async function waitUntilReady(
  layout: CgroupLayout,
  settings: LabSettings,
  host: LabHost,
): Promise<string | undefined> {
  await waitForSsh(layout, settings, host);
  const script = `timeout ${SYSTEMD_WITHIN_S} systemctl is-system-running --wait; systemctl --failed --plain --no-legend; systemctl list-jobs --no-legend`;
  const asked = await attempt('ssh', [...sshArguments(settings, host), script]);
  const [state = '', ...units] = asked.stdout.trim().split('\n');
  if (state === 'running') return undefined;
  return `${host.name} answers, but its systemd says "${state || asked.stderr.trim()}": ${units.join('; ')}`;
}

async function waitForSsh(layout: CgroupLayout, settings: LabSettings, host: LabHost): Promise<void> {
  const end = Date.now() + SSH_WITHIN_MS;
  const grace = Date.now() + 5_000;
  const { console: log } = hostPlaces(settings, host);
  while (!(await greets(host.address))) {
    if (Date.now() > grace && !isPopulated(layout, outerName(settings, host)))
      throw new LabFailure(`${host.name} ended while it was booting; see ${log}`);
    if (Date.now() > end)
      throw new LabFailure(`${host.name} (${host.address}) did not answer ssh within 60 s; see ${log}`);
    await sleep(50);
  }
}

/** Whether an ssh server says hello: costs nothing, unlike starting ssh again and again. */
function greets(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address, port: 22 });
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once('data', (chunk) => done(chunk.toString().startsWith('SSH-')));
    socket.once('error', () => done(false));
    socket.once('end', () => done(false));
  });
}
