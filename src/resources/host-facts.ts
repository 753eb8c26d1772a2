import { NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { type Machine, machineFact } from '../facts/machine.ts';
import { absolutePath, object, text } from './parts/schema.ts';

export type HostFactsArgs = { readonly members: string; readonly patroni_config?: string };

type Member = {
  readonly host: string;
  readonly hostname: string;
  readonly machine_id: string;
  readonly patroni_name: string;
};

type Result = {
  readonly members: readonly Member[];
  readonly wrong: readonly string[];
  readonly unseen: readonly string[];
};

type Seen = { readonly host: string; readonly machine: Machine };

const CONFIG = '/etc/patroni/config.yml';
const TEXTS = { type: 'array', items: { type: 'string' } } as const;

export const hostFacts: Resource<HostFactsArgs, Result> = {
  name: 'host_facts',
  kind: 'action',
  scope: 'cluster',
  onlyLooks: true,
  summary:
    "Whether the machines that answer at the addresses of a group's hosts are the ones that the inventory means. Changes nothing.",
  examples: [
    {
      title: 'Nothing is done on the wrong machine',
      yaml: `- host_facts: { members: db }
  register: hosts
- assert:
    that: size(hosts.wrong) == 0
    msg: '{{join hosts.wrong "; "}}'
`,
    },
  ],
  schema: object(
    {
      members: text('The inventory group whose hosts are looked at, whatever the limit says.'),
      patroni_config: {
        ...absolutePath("Patroni's settings, which name the member; need not be there."),
        default: CONFIG,
      },
    },
    ['members'],
  ),
  result: object(
    {
      members: {
        type: 'array',
        items: object(
          {
            host: text('Its name in the inventory.'),
            hostname: text('As it names itself.'),
            machine_id: text('Of its installation (/etc/machine-id); empty where there is none.'),
            patroni_name: text("The member's name in Patroni's settings; empty where there are none."),
          },
          ['host', 'hostname', 'machine_id', 'patroni_name'],
        ),
        description: 'Those that could be looked at.',
      },
      wrong: {
        ...TEXTS,
        description:
          "What is not as the inventory has it, one sentence each: another member's name in Patroni's settings, settings that could not be read, another host's hostname, one machine behind two names.",
      },
      unseen: { ...TEXTS, description: 'Hosts that could not be looked at.' },
    },
    ['members', 'wrong', 'unseen'],
  ),
  identity: ['members', 'patroni_config'],
  membersFrom: 'members',
  address: ({ members }) => `host_facts ${members}`,
  needs: ({ patroni_config = CONFIG }) => [machineFact(patroni_config)],
  diff: () => NONE,
  commands: () => [],
  touches: () => [],
  registered: ({ patroni_config = CONFIG }, _change, _outputs, facts) => judge(patroni_config, facts),
};

function judge(config: string, facts: FactView): Result {
  const looked = facts.members.map((host) => ({ host, seen: facts.get(machineFact(config), host) }));
  const seen = looked.flatMap(({ host, seen: one }) =>
    one.state === 'value' ? [{ host, machine: one.value }] : [],
  );
  return {
    members: seen.map(({ host, machine }) => ({
      host,
      hostname: machine.hostname,
      machine_id: machine.machineId,
      patroni_name: machine.patroniName,
    })),
    wrong: [...seen.flatMap((one) => misnamed(one, config, facts.members)), ...doubled(seen)],
    unseen: looked.filter(({ seen: one }) => one.state !== 'value').map(({ host }) => host),
  };
}

/** A hostname may be anything, but for the name of another member; Patroni's name is the inventory's. */
function misnamed({ host, machine }: Seen, config: string, members: readonly string[]): string[] {
  const { hostname, patroniName, trouble } = machine;
  const [short = ''] = hostname.split('.');
  if (trouble !== '')
    return [
      `who answers at the address of ${host} is not known: Patroni's settings there (${config}) could not be read: ${trouble}`,
    ];
  if (patroniName !== '' && patroniName !== host)
    return [
      `at the address of ${host} answers ${hostname}, whose Patroni is the member ${patroniName} (${config}): correct ansible_host of ${host} in the inventory`,
    ];
  const other = [hostname, short].find((name) => name !== host && members.includes(name));
  if (other === undefined || short === host) return [];
  return [
    `at the address of ${host} answers a machine that calls itself ${hostname}: correct ansible_host of ${host} in the inventory, or the machine's name (hostnamectl hostname ${host})`,
  ];
}

/** One kernel is one machine; where it does not tell, one installation is. */
function doubled(seen: readonly Seen[]): string[] {
  const known = seen.filter(({ machine }) => machine.machineId + machine.bootId !== '');
  const groups = Map.groupBy(known, ({ machine }) => `${machine.machineId} ${machine.bootId}`);
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map(
      (group) =>
        `${group.map(({ host }) => host).join(' and ')} are one machine (machine-id ${group[0]?.machine.machineId}): correct their ansible_host in the inventory`,
    );
}
