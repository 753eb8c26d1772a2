import type { Option } from './args.ts';

/** The options that commands share; letters as Ansible has them. */
export const HELP: Option = { name: 'help', short: 'h', help: 'show this' };
export const NO_COLOUR: Option = {
  name: 'no-color',
  aliases: ['no-colour'],
  help: 'no colours (NO_COLOR=1 does the same)',
};

export const AGE_IDENTITY: Option = {
  name: 'age-identity',
  value: 'FILE',
  help: 'opens values encrypted with age (or FANOPS_AGE_IDENTITY, or fanops.yml)',
};
export const RECIPIENTS: Option = {
  name: 'to',
  value: 'RECIPIENT',
  help: 'encrypt for this age recipient (or FANOPS_AGE_RECIPIENTS, or fanops.yml); may be repeated',
};

export const PROJECT: readonly Option[] = [
  {
    name: 'inventory',
    short: 'i',
    value: 'FILE',
    help: 'the inventory (or FANOPS_INVENTORY, or fanops.yml)',
  },
  { name: 'limit', short: 'l', value: 'HOSTS', help: 'only these hosts or groups, separated by commas' },
  { name: 'tags', short: 't', value: 'TAGS', help: 'only tasks with one of these tags' },
  { name: 'skip-tags', value: 'TAGS', help: 'without tasks that have one of these tags' },
  {
    name: 'extra-vars',
    short: 'e',
    aliases: ['param'],
    value: 'NAME=VALUE|@FILE',
    help: 'a variable, or a YAML file of them; the strongest; may be repeated',
  },
  AGE_IDENTITY,
];

/** Of PROJECT, what variables come from. */
export const VARIABLES: readonly Option[] = PROJECT.filter(({ name }) =>
  ['inventory', 'extra-vars'].includes(name),
);

export const UNTIL: Option = {
  name: 'until',
  value: 'STEP',
  help: 'stop after this step (number or name); `fanops resume` goes on',
};

/** How a runbook is run. */
export const RUNBOOK: readonly Option[] = [
  {
    name: 'yes',
    short: 'y',
    aliases: ['auto-approve'],
    help: 'do not ask; texts to be typed come from --confirm',
  },
  { name: 'confirm', value: 'TEXT', help: 'what a step asks to be typed; may be repeated' },
  { name: 'list-steps', help: 'list its steps, and do nothing' },
  { name: 'step', help: 'ask before each step' },
  { name: 'from', value: 'STEP', help: 'begin with this step (number or name), where that is safe' },
  UNTIL,
  { name: 'undo', value: 'STEP', help: 'take back this step and those before it, the last first' },
  {
    name: 'of',
    value: 'RUN',
    help: 'with --undo: the run that is taken back (else the last one alike); may be repeated',
  },
];

export const LOST: Option = {
  name: 'lost',
  value: 'HOST',
  help: 'this host is gone for good and powered off: leave it out everywhere',
};

export const LOCK_WAIT: Option = {
  name: 'lock-wait',
  value: 'TIME',
  help: 'wait so long for a run that holds a host (5m); else exit 9 at once',
};

export const LISTINGS: readonly Option[] = [
  { name: 'list-hosts', help: 'list the hosts it is about, and do nothing' },
  { name: 'list-tasks', help: 'list its tasks, and do nothing' },
  { name: 'list-tags', help: 'list its tags, and do nothing' },
];

export const CONNECTION: readonly Option[] = [
  { name: 'forks', short: 'f', value: 'N', help: 'connect to so many hosts at once (20)' },
  { name: 'user', short: 'u', value: 'USER', help: 'log in as this user on every host' },
  { name: 'private-key', value: 'FILE', help: 'log in with this key' },
  { name: 'become', short: 'b', help: 'become root by sudo on every host' },
  {
    name: 'ssh-config',
    value: 'FILE',
    help: 'for what the inventory leaves open (~/.ssh/config); none: without one',
  },
  {
    name: 'key-passphrase-file',
    value: 'FILE',
    help: 'the passphrase of encrypted keys, first line of a file; else asked for',
  },
  { name: 'ask-become-pass', short: 'K', help: 'ask for the password that sudo wants' },
  {
    name: 'become-password-file',
    value: 'FILE',
    help: 'that password, as the first line of a file',
  },
];

export const DISPLAY: readonly Option[] = [
  { name: 'verbose', short: 'v', help: 'show commands, output and what needs no change, line by line' },
  { name: 'diff', short: 'D', help: 'accepted for habit: plans always show the differences' },
  { name: 'stats', help: 'show round trips, bytes and time per host at the end' },
];

export const FORMAT: readonly Option[] = [
  {
    name: 'no-user-probes',
    help: 'run no `unless` and `only_if`: what needs them is unknown',
  },
  { name: 'json', help: 'the plan as JSON on stdout: --format json' },
  {
    name: 'format',
    value: 'FORMAT',
    choices: ['text', 'md', 'json'],
    help: 'text, md (for a pull request) or json',
  },
  {
    name: 'detailed-exitcode',
    help: 'exit 2 when changes are pending',
  },
  {
    name: 'out',
    value: 'FILE',
    help: '',
    refused: 'plans cannot be saved yet; `--json` gives the plan for reading',
  },
];
