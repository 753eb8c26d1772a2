// Many inventory names on one sshd of this machine, five tasks, nothing to change: fanops and Ansible with 50 forks.
//   node bench/hosts.ts [--hosts=300] [--only=fanops,ansible]
// Needs openssh-server and, for Ansible, ansible-core (apt-get install ansible-core), as root. Prints seconds, the most
// memory of the controller's main process, and the ratio.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startSshd, type TestSshd } from '../test/transport/sshd.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '300' },
    only: { type: 'string', default: 'fanops,ansible' },
  },
});
const names = values.only.split(',');
const sshd = await startSshd();
const folder = mkdtempSync(join(tmpdir(), 'fanops-hosts-'));
try {
  prepare(sshd);
  const seconds = new Map<string, number>();
  for (const name of names) seconds.set(name, await measure(name));
  const [fanops, ansible] = [seconds.get('fanops'), seconds.get('ansible')];
  if (fanops !== undefined && ansible !== undefined)
    console.log(
      `Ansible takes ${(ansible / fanops).toFixed(1)} times as long; load ${loadavg()[0]?.toFixed(1)}`,
    );
} finally {
  rmSync(folder, { recursive: true });
  await sshd.stop();
}

/** Five things that are as they should be, in the words of both. */
function prepare({ dir, port }: TestSshd): void {
  mkdirSync(join(folder, 'dir'), { mode: 0o755 });
  writeFileSync(join(folder, 'file'), 'content', { mode: 0o644 });
  writeFileSync(join(folder, 'lines'), 'one\ntwo\n', { mode: 0o644 });
  symlinkSync('file', join(folder, 'link'));
  const vars = { ansible_host: '127.0.0.1', ansible_port: port, ansible_user: 'root' };
  const key = { ansible_ssh_private_key_file: join(dir, 'id') };
  const hosts = Object.fromEntries(Array.from({ length: Number(values.hosts) }, (_, n) => [`host${n}`, {}]));
  const known = join(dir, 'known_hosts');
  const inventory = (more: object) => JSON.stringify({ all: { hosts, vars: { ...vars, ...key, ...more } } });
  writeFileSync(join(folder, 'fanops.hosts.yml'), inventory({ fanops_known_hosts: known }));
  const args = `-o UserKnownHostsFile=${known} -o IdentitiesOnly=yes`;
  const python = { ansible_python_interpreter: '/usr/bin/python3', ansible_ssh_common_args: args };
  writeFileSync(join(folder, 'ansible.hosts.yml'), inventory(python));
  const common = [{ line: { path: `${folder}/lines`, line: 'two' } }, { group: { name: 'root' } }] as const;
  const ours = [
    { directory: { path: `${folder}/dir`, mode: '0755' } },
    { file: { path: `${folder}/file`, content: 'content', mode: '0644' } },
    { link: { path: `${folder}/link`, target: 'file' } },
    { line_in_file: common[0].line },
    { group: common[1].group },
  ];
  const theirs = [
    { file: { path: `${folder}/dir`, state: 'directory', mode: '0755' } },
    { copy: { dest: `${folder}/file`, content: 'content', mode: '0644' } },
    { file: { path: `${folder}/link`, state: 'link', src: 'file' } },
    { lineinfile: common[0].line },
    { group: common[1].group },
  ];
  writeFileSync(join(folder, 'site.yml'), JSON.stringify([{ name: 'site', hosts: 'all', tasks: ours }]));
  const play = [{ name: 'site', hosts: 'all', gather_facts: false, tasks: theirs }];
  writeFileSync(join(folder, 'ansible.yml'), JSON.stringify(play));
}

async function measure(name: string): Promise<number> {
  const command =
    name === 'fanops'
      ? [new URL('../bin/fanops', import.meta.url).pathname, 'apply', 'site.yml', '-i', 'fanops.hosts.yml']
      : ['ansible-playbook', '-f', '50', '-i', 'ansible.hosts.yml', 'ansible.yml'];
  const [program = '', ...args] = name === 'fanops' ? [...command, '--ssh-config', 'none'] : command;
  const env = { ...process.env, ANSIBLE_PIPELINING: '1', ANSIBLE_NOCOLOR: '1' };
  const began = performance.now();
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  let kib = 0;
  const watching = setInterval(() => {
    kib = Math.max(kib, peakKib(child.pid));
  }, 20);
  const [status] = await once(child, 'close');
  clearInterval(watching);
  const seconds = (performance.now() - began) / 1000;
  const unchanged = text.match(/ok=5 +changed=0/g)?.length ?? 0;
  if (status !== 0 || unchanged !== Number(values.hosts))
    throw new Error(`${name}: exit status ${status}, ${unchanged} hosts unchanged\n${text.slice(-2000)}`);
  console.log(`${name}: ${values.hosts} hosts, ${seconds.toFixed(1)} s, ${(kib / 1024).toFixed(0)} MiB`);
  return seconds;
}

function peakKib(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
