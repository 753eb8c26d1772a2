import type { JsonSchema } from '../core/resource.ts';

/** What may stand in a place of the language besides resources, for editors and the reference pages. */
export interface Keywords {
  readonly [name: string]: JsonSchema;
}

export const TEXT: JsonSchema = { type: 'string' };
const BOOLEAN: JsonSchema = { type: 'boolean' };
const MAPPING: JsonSchema = { type: 'object' };
const ENVIRONMENT: JsonSchema = {
  anyOf: [
    {
      type: ['object', 'null'],
      propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
      additionalProperties: { type: ['string', 'number', 'boolean'] },
    },
    { type: 'string', pattern: '\\{\\{' },
  ],
};
const TEXTS: JsonSchema = { anyOf: [TEXT, { type: 'array', items: TEXT }] };
export const CONDITION: JsonSchema = {
  anyOf: [TEXT, BOOLEAN, { type: 'array', items: { anyOf: [TEXT, BOOLEAN] } }],
};
export const TASKS: JsonSchema = { type: ['array', 'null'], items: { $ref: '#/$defs/task' } };
/** Seconds, or a text with a unit. */
export const DURATION: JsonSchema = { type: ['number', 'string'], minimum: 0, pattern: '^\\d+(ms|s|m|h)$' };

export function said(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description };
}

/** What plays, blocks and tasks have in common. */
const SHARED: Keywords = {
  name: said(TEXT, 'What it does, in words.'),
  tags: said(TEXTS, 'For --tags and --skip-tags; `always` and `never` as in Ansible.'),
  become: said(BOOLEAN, 'Become root by sudo.'),
  become_user: said(TEXT, 'Become this account.'),
  vars: said(MAPPING, 'Variables.'),
  environment: said(
    ENVIRONMENT,
    'Environment variables of `command`, `shell` and `script`; may be secret. What stands further in wins.',
  ),
};

const OUTCOME: Keywords = {
  when: said(CONDITION, 'A condition (CEL), or a list of conditions that must all hold.'),
  ignore_errors: said(BOOLEAN, 'A failure does not stop the host.'),
  delegate_to: said(TEXT, 'Another host does it; variables stay those of this host.'),
  run_once: said(BOOLEAN, 'For the first host of the batch only.'),
  no_log: said(BOOLEAN, 'The same as `sensitive`.'),
  sensitive: said(BOOLEAN, 'Content shows only as changed or unchanged.'),
};

export const TASK_KEYWORDS_SAID: Keywords = {
  ...SHARED,
  ...OUTCOME,
  loop: { description: 'A list, or "{{name}}" of one; each turn sees `item`.' },
  loop_control: said(
    {
      type: 'object',
      properties: {
        loop_var: said(TEXT, 'The name of the item, instead of `item`.'),
        label: said(TEXT, 'How a turn is shown.'),
      },
      additionalProperties: false,
    },
    'How the loop names and shows its items.',
  ),
  register: said(TEXT, 'Keeps the result under this name, for later tasks and plays.'),
  notify: said(TEXTS, 'Handlers of the play to run after a change, by name or topic.'),
  listen: said(TEXTS, 'Of a handler: topics that notify it, too.'),
  until: said(CONDITION, 'Repeats until this holds.'),
  retries: said({ type: 'integer', minimum: 0 }, 'With `until`: how often (3).'),
  delay: said(DURATION, 'With `until`: how far apart (5 s); seconds, or "500ms", "2m".'),
  changed_when: said(CONDITION, 'What counts as changed.'),
  failed_when: said(CONDITION, 'What counts as failed.'),
  touches: said(
    TEXTS,
    'What it alters: `anything`, a path, `unit:`, `account:`, `package:` or `cluster:NAME`.',
  ),
};

export const BLOCK_KEYWORDS_SAID: Keywords = {
  ...SHARED,
  ...OUTCOME,
  block: said(TASKS, 'Tasks that belong together.'),
  rescue: said(TASKS, 'Tasks that run on a host where one of the block has failed.'),
  always: said(TASKS, 'Tasks that run in any case.'),
};

export const PLAY_KEYWORDS_SAID: Keywords = {
  ...SHARED,
  hosts: said(TEXTS, 'A group, a host, `all`, or a pattern of them: `db:!db3`.'),
  defaults: said(MAPPING, 'Variables weaker than all others.'),
  vars_files: said(TEXTS, 'Files of variables.'),
  pre_tasks: said(TASKS, 'Tasks that come first.'),
  tasks: said(TASKS, 'What is to be done, in order.'),
  post_tasks: said(TASKS, 'Tasks that come last.'),
  handlers: said(TASKS, 'Tasks that run once, at the end, where a change notified them.'),
  serial: said(
    { anyOf: [{ type: ['integer', 'string'] }, { type: 'array', items: { type: ['integer', 'string'] } }] },
    'Hosts at a time: a number, "50%", or a list of them.',
  ),
  any_errors_fatal: said(BOOLEAN, 'A failure on one host stops all at the next barrier.'),
  ignore_unreachable: said(
    BOOLEAN,
    'Hosts that cannot be reached at the beginning do not keep the others from it; the run ends as unreachable all the same.',
  ),
  only_looks: said(
    BOOLEAN,
    'It changes nothing, which is checked: its tasks are facts, `stat`, `assert`, programs with `changed_when: false`. It needs no --yes.',
  ),
  max_fail_percentage: said(
    { type: 'integer', minimum: 0, maximum: 100 },
    'More failed hosts than this stop all.',
  ),
};

/** Variables that say how a host is reached. */
export const CONNECTION_SAID: Keywords = {
  ansible_host: said(TEXT, "Address; the host's name when absent."),
  ansible_port: said({ type: 'integer', minimum: 1, maximum: 65_535 }, 'Port (22).'),
  ansible_user: said(TEXT, 'Who logs in (root).'),
  ansible_connection: said({ enum: ['ssh', 'local'] }, 'How it is reached (ssh).'),
  ansible_ssh_private_key_file: said(TEXT, 'Key; otherwise the agent, then the usual files.'),
  ansible_become: said(BOOLEAN, 'Become root by sudo for everything.'),
  fanops_known_hosts: said(TEXTS, 'File, or list of files, of known host keys.'),
  fanops_state_dir: said(TEXT, 'Where fanops keeps its state on the host.'),
  fanops_run_dir: said(TEXT, 'Where fanops keeps what runs on the host.'),
};
