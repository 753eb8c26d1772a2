import type { Host } from '../core/host.ts';
import type { ShellEnded } from './host-shell.ts';
import { SudoRefused } from './sudo.ts';

/** Why there is no shell on a host that can be reached, and what to do. */
export function shellRefused(host: Host, error: ShellEnded | SudoRefused): string {
  if (error instanceof SudoRefused)
    return `${host.user} cannot become root on ${host.name}: ${error.message}`;
  if (!host.become) return `no shell could be had on ${host.name}: ${error.message}`;
  return (
    `${host.user} cannot become root on ${host.name} without a password: ${error.message}; ` +
    `give the password with --ask-become-pass, or allow it in /etc/sudoers.d ` +
    `(${host.user} ALL=(ALL) NOPASSWD: ALL), or set ansible_become: false`
  );
}
