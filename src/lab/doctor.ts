import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { detectCgroups } from './cgroup-layout.ts';
import { type Instances, PER_HOST, rootsInstances } from './inotify.ts';
import { refuseClash } from './network.ts';
import { attempt } from './program.ts';
import { missingPackages } from './requirements.ts';
import type { LabSettings } from './settings.ts';

export interface Finding {
  readonly verdict: 'ok' | 'note' | 'bad';
  readonly text: string;
}

const OVERLAY_MAGIC = 0x794c7630;
const NEEDED_GB = 3;

/** Looks at everything the lab depends on, and changes nothing. */
export async function examine(settings: LabSettings): Promise<Finding[]> {
  return [
    account(),
    programs(),
    cgroups(),
    overlay(),
    disk(settings),
    inotifyFinding(rootsInstances(), settings.hosts.length),
    await network(settings),
    await bridgeFilter(),
  ];
}

function account(): Finding {
  if (process.getuid?.() === 0) return { verdict: 'ok', text: 'running as root' };
  return { verdict: 'bad', text: 'not root: the lab makes mounts, links and namespaces' };
}

function programs(): Finding {
  const missing = missingPackages();
  if (missing.length === 0) return { verdict: 'ok', text: 'every program is here' };
  return { verdict: 'note', text: `"lab up" will install ${missing.join(', ')}` };
}

function cgroups(): Finding {
  const { kind, sentence } = detectCgroups();
  return { verdict: kind === 'none' ? 'bad' : 'ok', text: sentence };
}

function overlay(): Finding {
  const known = /\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8'));
  if (known) return { verdict: 'ok', text: 'the kernel has overlay file systems' };
  return { verdict: 'note', text: 'overlay file systems are not loaded yet; mounting one loads the module' };
}

function disk(settings: LabSettings): Finding {
  const there = nearest(settings.dir);
  const { type, bavail, bsize } = statfsSync(there);
  if (type === OVERLAY_MAGIC)
    return {
      verdict: 'bad',
      text: `${settings.dir} is itself on an overlay, which cannot carry another: set FANOPS_LAB_DIR (--dir) to a real disk`,
    };
  const free = Math.floor((bavail * bsize) / 1024 ** 3);
  if (free < NEEDED_GB)
    return { verdict: 'bad', text: `${there} has ${free} GB free; the lab wants ${NEEDED_GB} GB` };
  return { verdict: 'ok', text: `${free} GB free for ${settings.dir}` };
}

/** Without one systemd starts on a host, and some of its services do not. */
export function inotifyFinding({ limit, inUse }: Instances, hosts: number): Finding {
  const left = Math.max(0, limit - inUse);
  const needed = hosts * PER_HOST;
  if (left >= needed)
    return { verdict: 'ok', text: `${left} of ${limit} inotify instances are left for root` };
  return {
    verdict: 'note',
    text: `${left} of ${limit} inotify instances are left for root, and ${hosts} hosts that start take up to ${needed}: services in them would fail with "Too many open files"; "sysctl fs.inotify.max_user_instances=1024"`,
  };
}

async function network(settings: LabSettings): Promise<Finding> {
  try {
    await refuseClash(settings);
    return { verdict: 'ok', text: `the bridge ${settings.bridge} and its network are free, or ours` };
  } catch (error) {
    return { verdict: 'bad', text: error instanceof Error ? error.message : String(error) };
  }
}

/** With Docker, frames that cross any bridge may be filtered as if they were forwarded. */
async function bridgeFilter(): Promise<Finding> {
  const filtered = '/proc/sys/net/bridge/bridge-nf-call-iptables';
  const on = existsSync(filtered) && readFileSync(filtered, 'utf8').trim() === '1';
  if (!on) return { verdict: 'ok', text: 'frames on the bridge are not filtered' };
  const rules = await attempt('sh', ['-c', 'iptables -S FORWARD']);
  if (!/^-P FORWARD DROP/m.test(rules.stdout))
    return { verdict: 'note', text: 'frames on the bridge pass iptables, which lets them through' };
  return {
    verdict: 'bad',
    text: 'frames on the bridge pass iptables, whose FORWARD policy is DROP: hosts will not reach each other; "sysctl net.bridge.bridge-nf-call-iptables=0"',
  };
}

function nearest(path: string): string {
  return existsSync(path) ? path : nearest(dirname(path));
}
