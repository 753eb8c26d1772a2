import type { Host } from '../core/host.ts';
import { Unreachable } from '../core/session.ts';
import type { Link } from './link.ts';

export async function sshLink(host: Host): Promise<Link> {
  throw new Unreachable(host.name, 'ssh is not built yet');
}
