import type { SshPlace } from '../core/host.ts';

/** Why a connection did not come about, in words, with what to look at next. */
export function whyUnreachable(
  { address, port, user }: Pick<SshPlace, 'address' | 'port' | 'user'>,
  cause: unknown,
  timeoutMs: number,
  triedKeys = '',
): string {
  const error = cause as { readonly code?: string; readonly level?: string; readonly message?: string };
  const place = `${address} port ${port}`;
  if (error.level === 'client-authentication')
    return `${place} accepts none of our keys for ${user}: ${triedKeys}`;
  if (error.level === 'client-timeout' || error.code === 'ETIMEDOUT')
    return `no answer from ${place} within ${Math.round(timeoutMs / 100) / 10} s`;
  switch (error.code) {
    case 'ECONNREFUSED':
      return `${place} refuses the connection: nothing listens there`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${address} cannot be resolved: check ansible_host`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `there is no way to ${place}: ${error.code}`;
    default:
      return `the connection to ${place} failed: ${error.message ?? String(cause)}`;
  }
}
