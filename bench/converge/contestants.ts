import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Network } from './network.ts';
import { run } from './program.ts';
import { ansiblePlaybook, fanopsPlaybook, shellScript } from './sixty.ts';

/** Brings all hosts to the state of the sixty; gives how much it says to have changed, one number a host. */
export type Contestant = (network: Network, folder: string) => Promise<number[]>;

/** Another one, a distribution for example, is named by FANOPS_BIN. */
const FANOPS = resolve(process.env.FANOPS_BIN ?? join(import.meta.dirname, '../../bin/fanops'));

export const CONTESTANTS: { readonly [name: string]: Contestant } = {
  script: withScript,
  fanops: withFanops,
  ansible: withAnsible,
};

async function withFanops(network: Network, folder: string): Promise<number[]> {
  const playbook = join(folder, 'sixty.yml');
  const inventory = join(folder, 'fanops-hosts.yml');
  writeFileSync(playbook, fanopsPlaybook());
  writeFileSync(
    inventory,
    inventoryOf(network, {
      ansible_ssh_private_key_file: network.key,
      fanops_known_hosts: network.knownHosts,
    }),
  );
  return changes(await run([FANOPS, 'apply', playbook, '-i', inventory, '--yes']));
}

/** As its manual says for speed: pipelining, no facts, connections kept, forks for all hosts. */
async function withAnsible(network: Network, folder: string): Promise<number[]> {
  const playbook = join(folder, 'ansible.yml');
  const inventory = join(folder, 'ansible-hosts.yml');
  const config = join(folder, 'ansible.cfg');
  writeFileSync(playbook, ansiblePlaybook());
  writeFileSync(inventory, inventoryOf(network, { ansible_ssh_private_key_file: network.key }));
  writeFileSync(
    config,
    `[defaults]
gathering = explicit
interpreter_python = /usr/bin/python3
forks = 20
local_tmp = ${folder}/ansible-tmp
[ssh_connection]
pipelining = True
control_path_dir = ${folder}/cp
ssh_args = -F none -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=${network.knownHosts}
`,
  );
  return changes(
    await run(['ansible-playbook', '-i', inventory, playbook], {
      env: { ANSIBLE_CONFIG: config, ANSIBLE_HOME: join(folder, 'ansible-home'), LC_ALL: 'C.UTF-8' },
    }),
  );
}

async function withScript(network: Network): Promise<number[]> {
  const input = shellScript();
  const said = await Promise.all(
    network.hosts.map(({ port }) => {
      const options = [
        `IdentityFile=${network.key}`,
        'BatchMode=yes',
        `UserKnownHostsFile=${network.knownHosts}`,
      ];
      const ssh = ['ssh', '-F', 'none', ...options.flatMap((o) => ['-o', o])];
      return run([...ssh, '-p', String(port), 'root@127.0.0.1', 'sh -s'], { input });
    }),
  );
  return said.flatMap(changes);
}

function inventoryOf({ hosts }: Network, vars: object): string {
  const entries = hosts.map(({ name, port }) => [name, { ansible_host: '127.0.0.1', ansible_port: port }]);
  const all = { ansible_user: 'root', ...vars };
  return JSON.stringify({ all: { children: { db: { hosts: Object.fromEntries(entries), vars: all } } } });
}

function changes(said: string): number[] {
  return [...said.matchAll(/changed=(\d+)/g)].map((match) => Number(match[1]));
}
