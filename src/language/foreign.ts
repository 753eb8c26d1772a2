import { didYouMean } from './nearest.ts';
import type { ResourceSchema } from './resource-schema.ts';

type Table = { readonly [name: string]: string };

/** Ansible's modules under names that do not exist here. */
const MODULES: Table = {
  apt: 'write `package: {name: …}`',
  yum: 'write `package: {name: …}`',
  dnf: 'write `package: {name: …}`',
  pip: 'write `command:` with `creates:`',
  raw: 'write `shell:`',
  systemd: 'write `service: {name: …, state: started}`',
  systemd_service: 'write `service: {name: …, state: started}`',
  lineinfile: 'write `line_in_file:`, or better the whole file with `template:`',
  blockinfile: 'write `block_in_file:`, or better the whole file with `template:`',
  replace: 'write `line_in_file:`, or the whole file with `template:`',
  postgresql_user: 'write `postgresql_role:`',
  postgresql_set: 'write `postgresql_conf:`, or under Patroni `patroni_config:`',
  ini_file: 'write `ini_setting:`, or the whole file with `template:`',
  debug: 'write `advise:` for what must hold, or look at the result with -v',
  fail: 'write `assert: {that: …, msg: …}`',
  setup: 'remove it: facts are looked at when they are needed',
  gather_facts: 'remove it: facts are looked at when they are needed',
  pause: 'write `wait_for:` for what the pause waits for',
  uri: 'write `http: {url: …}`, or `wait_for: {url: …}`',
  get_url: 'write `command: {argv: [curl, …]}` with `creates:`',
  cron: 'write a file in /etc/cron.d with `template:`',
  symlink: 'write `link: {path: …, target: …}`',
  include: 'write `include_tasks: FILE` for tasks, `import_playbook: FILE` between plays',
  include_role: 'roles are not supported: write the tasks in a playbook',
  import_role: 'roles are not supported: write the tasks in a playbook',
  include_vars: 'write `vars_files:` at the play, or put them beside the inventory, in group_vars/',
  import_playbook: 'write it between the plays of a playbook: `- import_playbook: FILE`',
};

const TASK_KEYS: Table = {
  with_items: 'write `loop:`',
  with_list: 'write `loop:`',
  with_dict: 'write `loop:` over a list of mappings',
  with_fileglob: 'write `loop:` over the names of the files',
  loop_with: 'write `loop:`',
  sudo: 'write `become: true`',
  sudo_user: 'write `become_user:`',
  become_method: 'remove it: sudo is the only one',
  only_if: 'write `when:`',
  unless: 'write `when:` with !( … )',
  check_mode: 'remove it: every plan is without changes',
  diff: 'remove it: use --diff on the command line',
  async: 'remove it: commands go on when the connection is lost; use `timeout`',
  poll: 'remove it: commands go on when the connection is lost',
  local_action: 'write `delegate_to: localhost`, with localhost in the inventory',
  any_errors_fatal: 'remove it: a failed task stops its host',
  throttle: 'write `serial:` at the play',
  args: 'put the arguments below the name of the resource',
  action: 'write the name of the resource as the key',
  variables: 'write `vars:`',
  remote_user: 'write `ansible_user` in the inventory, or `become_user:`',
};

/** Values of Ansible that another resource stands for. */
const VALUES: { readonly [argument: string]: Table } = {
  'file.state': {
    directory: 'write `directory: {path: …}`',
    link: 'write `link: {path: …, target: …}`',
    hard: 'hard links are not supported: write `link: {path: …, target: …}`',
    touch: 'write `state: present` with `content: ""`',
    file: 'remove it: a file that is declared is there',
  },
  'package.state': {
    latest: 'write `version:`, so that a plan can say what comes',
    installed: 'write `state: present`',
    removed: 'write `state: absent`',
  },
};

/** What to write for a value that an argument does not know. */
export function valueHint(resource: string, argument: string, value: unknown): string | undefined {
  return VALUES[`${resource}.${argument}`]?.[String(value)];
}

const PLAY_KEYS: Table = {
  gather_facts: 'remove it: facts are looked at when they are needed',
  roles: 'roles are not supported: write the tasks in the playbook',
  vars_prompt: 'pass the value with -e name=value',
  sudo: 'write `become: true`',
  sudo_user: 'write `become_user:`',
  remote_user: 'write `ansible_user` in the inventory',
  user: 'write `ansible_user` in the inventory',
  connection: 'write `ansible_connection` in the inventory',
  become_method: 'remove it: sudo is the only one',
  collections: 'remove it: resources have one name each',
  strategy: 'remove it: write `serial:` for smaller batches',
  host: 'write `hosts:`',
  import_playbook: 'write it between the plays: `- import_playbook: FILE`',
};

export function playKeyHint(key: string, known: readonly string[]): string | undefined {
  return PLAY_KEYS[key] ?? didYouMean(key, known, 'a play has');
}

export function blockKeyHint(key: string, known: readonly string[], what = 'a block'): string | undefined {
  const atTask = ['register', 'loop', 'until', 'changed_when', 'failed_when', 'with_items'];
  if (atTask.includes(key)) return `write \`${key}\` at its tasks`;
  return TASK_KEYS[key] ?? didYouMean(key, known, `${what} has`);
}

/** What to write for a key of a task that is neither a keyword nor a resource. */
export function taskKeyHint(
  key: string,
  keywords: readonly string[],
  resources: readonly ResourceSchema[],
): string | undefined {
  const short = key.replace(/^.*\./, '');
  const names = resources.map((resource) => resource.name);
  if (short !== key && names.includes(short)) return `write \`${short}:\``;
  const known = resources.find((resource) => knownAs(resource.schema['x-known-as']).includes(short));
  if (known) return `write \`${known.name}:\``;
  return (
    TASK_KEYS[short] ?? MODULES[short] ?? didYouMean(key, [...keywords, ...names], 'resources and keywords')
  );
}

/** Whether a name is one of Ansible's modules, fully qualified or not. */
export function isForeignModule(key: string): boolean {
  return /^[a-z_]+\.[a-z_]+\.[a-z_]+$/.test(key) || Object.hasOwn(MODULES, key);
}

/** What to write for an argument that a resource does not have. */
export function argumentHint(name: string, resource: ResourceSchema): string | undefined {
  const { properties } = resource.schema;
  const entries = Object.entries((properties ?? {}) as { [name: string]: { [key: string]: unknown } });
  const known = entries.find(([, schema]) => knownAs(schema['x-known-as']).includes(name));
  if (known) return `write \`${known[0]}\``;
  if (resource.name === 'set_fact')
    return `write \`set_fact: {values: {${name}: …}}\` with \`register: NAME\`, and read NAME.values.${name}`;
  return didYouMean(
    name,
    entries.map(([property]) => property),
    `\`${resource.name}\` has`,
  );
}

/** Whether people know an argument by this other name. */
export function isKnownAs(name: string, argument: string, { schema }: ResourceSchema): boolean {
  const properties = (schema.properties ?? {}) as { [name: string]: { [key: string]: unknown } };
  return knownAs(properties[argument]?.['x-known-as']).includes(name);
}

function knownAs(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((v) => typeof v === 'string') : [];
}
