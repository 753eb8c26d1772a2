import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { LabFailure } from './failure.ts';
import { run } from './program.ts';

/** The programs of the outer machine that the lab uses, and the Debian packages that hold them. */
export const PROGRAMS: readonly { readonly program: string; readonly packaged: string }[] = [
  { program: 'flock', packaged: 'util-linux' },
  { program: 'unshare', packaged: 'util-linux' },
  { program: 'ip', packaged: 'iproute2' },
  { program: 'mmdebstrap', packaged: 'mmdebstrap' },
  { program: 'ssh', packaged: 'openssh-client' },
  { program: 'ssh-keygen', packaged: 'openssh-client' },
  { program: 'systemd-nspawn', packaged: 'systemd-container' },
];

export function missingPackages(): string[] {
  const missing = PROGRAMS.filter(({ program }) => !isOnPath(program)).map(({ packaged }) => packaged);
  const keyring = existsSync('/usr/share/keyrings/debian-archive-keyring.gpg')
    ? []
    : ['debian-archive-keyring'];
  return [...new Set([...missing, ...keyring])];
}

/** Installs what the lab needs on the outer machine and is not there. */
export async function ensureRequirements(say: (line: string) => void): Promise<void> {
  requireRoot();
  const missing = missingPackages();
  if (missing.length === 0) return;
  say(`installing on this machine: ${missing.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['-q', 'update'], { env });
  await run('apt-get', ['-qy', '--no-install-recommends', 'install', ...missing], { env });
  const still = missingPackages();
  if (still.length > 0) throw new LabFailure(`installed, but still missing: ${still.join(' ')}`);
}

export function requireRoot(): void {
  if (process.getuid?.() !== 0)
    throw new LabFailure(
      `the lab makes mounts, links and namespaces: run it as root (now: uid ${process.getuid?.()})`,
    );
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
