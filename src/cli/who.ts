import { hostname, userInfo } from 'node:os';

/** Who is at the keyboard, for journals and leases: `alice@workstation`, behind sudo too. */
export function who(): string {
  return `${process.env.SUDO_USER ?? userInfo().username}@${hostname()}`;
}
