import type { Diagnostic } from '../core/diagnostic.ts';
import type { Host } from '../core/host.ts';
import type { Knock } from '../transport/knock.ts';
import type { RunbookProject } from './runbook-project.ts';

const PATRONI_PORT = 8008;

/** Whether a host that was declared gone shows that it is not, or why that cannot be seen. */
export type Answer =
  | { readonly state: 'answers'; readonly how: string }
  | { readonly state: 'silent' }
  | { readonly state: 'unseen'; readonly why: string };

/**
 * Knocks where a host would show that it is not gone: it takes connections for ssh, or its Patroni does, which
 * listens at its `cluster_address` where it has one. On the way that everything takes: through its jump hosts.
 */
export async function answers(host: Host, clusterAddress: string | undefined, knock: Knock): Promise<Answer> {
  if (host.connection === 'local') return { state: 'answers', how: 'it is this machine' };
  const doors = [
    { what: 'ssh', address: host.address, port: host.port },
    { what: 'Patroni', address: clusterAddress ?? host.address, port: PATRONI_PORT },
  ];
  const knocked = await knock(doors, host.jumps ?? []);
  const open = doors.find((_, index) => knocked[index]?.state === 'open');
  if (open) return { state: 'answers', how: `${open.what} on ${open.address}:${open.port}` };
  const whys = knocked.flatMap((one) => (one.state === 'unknown' ? [one.why] : []));
  return whys.length === 0 ? { state: 'silent' } : { state: 'unseen', why: [...new Set(whys)].join('; ') };
}

type Whole = Pick<RunbookProject, 'inventory' | 'clusterAddresses'>;

/** The same by name, of any host of the inventory. */
export async function answerOf(
  { inventory, clusterAddresses }: Whole,
  name: string,
  knock: Knock,
): Promise<Answer> {
  const host = inventory.hosts.find((known) => known.name === name);
  return host ? answers(host, clusterAddresses.get(name), knock) : { state: 'silent' };
}

/** Of those that were declared gone, what fanops cannot see for itself: then only the operator knows. */
export async function unseenAmong(
  lost: readonly string[],
  project: Whole,
  knock: Knock,
): Promise<readonly Diagnostic[]> {
  const answered = await Promise.all(
    lost.map(async (name) => ({ name, answer: await answerOf(project, name, knock) })),
  );
  return answered.flatMap(({ name, answer }) =>
    answer.state === 'unseen'
      ? [
          {
            severity: 'warning',
            message: `whether ${name} is off cannot be seen from here: ${answer.why}`,
            hint: 'make sure yourself that it is off and stays so: the run would not notice it coming back',
          },
        ]
      : [],
  );
}
