import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mistake } from '../core/diagnostic.ts';
import type { Outcome } from '../core/outcome.ts';
import { makeFolder } from '../journal/make-folder.ts';
import type { Args } from './args.ts';

const FILES: { readonly [path: string]: string } = {
  'fanops.yml': `# Settings of this project; each can be overridden by FANOPS_NAME and by an option.
inventory: inventory/hosts.yml
# age_recipients: [age1…]     # for whom \`fanops secrets\` encrypts
`,
  'inventory/hosts.yml': `# The hosts, in Ansible's shape. Replace localhost by yours.
all:
  hosts:
    localhost: { ansible_connection: local }
  # children:
  #   db:
  #     hosts:
  #       db1: { ansible_host: 192.0.2.11 }
  #     vars: { ansible_user: deploy, ansible_become: true }
`,
  'inventory/group_vars/all.yml': `# Variables of all hosts.
greeting: hello
`,
  'playbooks/site.yml': `- name: A first playbook
  hosts: all
  tasks:
    - name: A greeting
      file: { path: /tmp/fanops-greeting, content: "{{greeting}} from {{inventory_hostname}}\\n", mode: "0644" }
`,
  '.gitignore': `# The records of runs.
.fanops/
`,
};

/** `fanops init`: files to begin with. Writes over nothing. */
export async function init(args: Args): Promise<Outcome> {
  const [folder = '.'] = args.positionals;
  const taken = Object.keys(FILES).filter((path) => existsSync(join(folder, path)));
  if (taken.length > 0)
    throw mistake(`${taken.map((path) => join(folder, path)).join(', ')} is there already`, {
      hint: 'nothing was written: begin in another folder, or move that aside',
    });
  begin(folder);
  for (const [path, text] of Object.entries(FILES)) {
    makeFolder(dirname(join(folder, path)));
    writeFileSync(join(folder, path), text, { flag: 'wx' });
    process.stderr.write(`wrote ${join(folder, path)}\n`);
  }
  process.stderr.write(`\nNow:\n  cd ${folder}\n  fanops plan site.yml\n  fanops apply site.yml\n`);
  return 'done';
}

function begin(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw mistake(`the folder ${folder} cannot be made: ${(error as Error).message}`, {
      hint: 'nothing was written: begin where a folder can be made',
    });
  }
}
