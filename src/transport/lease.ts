import type { Lease, LeaseWanted } from '../core/lease.ts';
import { Unreachable } from '../core/session.ts';
import type { HostShell, Reply } from './host-shell.ts';

/** What `take_lease` answers where another run holds it. */
const HELD = 9;

export async function takeLease(
  shell: HostShell,
  host: string,
  { run, holder, since, message }: LeaseWanted,
): Promise<{ readonly token: number } | { readonly heldBy: Lease }> {
  const reply = await shell.request('take_lease', [run, holder, since, message].map(oneLine));
  const said = parse(reply);
  if (reply.status === HELD) return { heldBy: said };
  refuse(reply, host, 'taken');
  return { token: said.token };
}

export async function dropLease(shell: HostShell, host: string, run: string): Promise<void> {
  refuse(await shell.request('drop_lease', [run]), host, 'given back');
}

export async function readLease(shell: HostShell): Promise<Lease | undefined> {
  const lease = parse(await shell.request('show_lease', []));
  return lease.run === '' ? undefined : lease;
}

function parse({ stdout }: Reply): Lease {
  const said = new Map(
    stdout
      .toString()
      .split('\n')
      .map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1)]),
  );
  const word = (name: string): string => said.get(name) ?? '';
  return {
    token: Number(word('token')),
    run: word('run'),
    holder: word('holder'),
    since: word('since'),
    message: word('message'),
  };
}

function refuse({ status, stderr }: Reply, host: string, what: string): void {
  if (status === 0) return;
  const why = stderr.toString().trim() || `status ${status}`;
  throw new Unreachable(host, `the lease of ${host} could not be ${what}: ${why}`);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim() || '-';
}
