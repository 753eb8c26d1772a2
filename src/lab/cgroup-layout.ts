import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

/** How this machine does cgroups, as far as it matters for starting a systemd of our own. */
export interface CgroupLayout {
  readonly kind: 'none' | 'hybrid' | 'unified' | 'systemd';
  /** The directories under which the lab's groups are made, the unified hierarchy first. */
  readonly roots: readonly string[];
  /** One sentence for people. */
  readonly sentence: string;
}

const CGROUP2_MAGIC = 0x63677270;

export function detectCgroups(at = '/sys/fs/cgroup', init = initName()): CgroupLayout {
  const unified = join(at, 'unified');
  if (isCgroup2(unified)) return hybrid(at, init);
  if (!isCgroup2(at))
    return {
      kind: 'none',
      roots: [],
      sentence: `no cgroup2 file system is mounted at ${at} or ${unified}, so no host can be started here: mount one ("mount -t cgroup2 none ${at}") or use a machine with systemd as init`,
    };
  if (init === 'systemd')
    return {
      kind: 'systemd',
      roots: [join(at, 'system.slice')],
      sentence: 'pure cgroup2 under systemd: every host is a delegated scope of system.slice',
    };
  return {
    kind: 'unified',
    roots: [at],
    sentence: `pure cgroup2 without systemd as init: every host has a group directly below ${at}`,
  };
}

function hybrid(at: string, init: string): CgroupLayout {
  const named = join(at, 'systemd');
  if (!existsSync(join(named, 'cgroup.procs')) || init === 'systemd')
    return {
      kind: 'none',
      roots: [],
      sentence:
        init === 'systemd'
          ? 'hybrid cgroups with systemd as init are not supported: boot with systemd.unified_cgroup_hierarchy=1'
          : `hybrid cgroups without the hierarchy of systemd at ${named}: mount it ("mount -t cgroup -o none,name=systemd cgroup ${named}")`,
    };
  return {
    kind: 'hybrid',
    roots: [join(at, 'unified'), named],
    sentence:
      'hybrid cgroups without systemd as init: every host has a group in the unified and systemd hierarchies',
  };
}

/** The directories of a group: one per hierarchy. */
export function groupDirs(layout: CgroupLayout, name: string): string[] {
  return layout.roots.map((root) => join(root, layout.kind === 'systemd' ? `${name}.scope` : name));
}

function initName(): string {
  return readFileSync('/proc/1/comm', 'utf8').trim();
}

function isCgroup2(path: string): boolean {
  try {
    return statfsSync(path).type === CGROUP2_MAGIC;
  } catch {
    return false;
  }
}
