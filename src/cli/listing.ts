import type { Playbook } from '../core/task.ts';
import { harmless } from '../report/text.ts';
import { type Args, isSet } from './args.ts';

/** What --list-hosts, --list-tasks and --list-tags print; undefined when none of them was given. */
export function listing(args: Args, playbook: Playbook): string | undefined {
  const parts = [
    ...(isSet(args, 'list-hosts') ? hosts(playbook) : []),
    ...(isSet(args, 'list-tasks') ? tasks(playbook) : []),
    ...(isSet(args, 'list-tags') ? tags(playbook) : []),
  ];
  const asked = ['list-hosts', 'list-tasks', 'list-tags'].some((name) => isSet(args, name));
  return asked ? parts.map((line) => `${harmless(line)}\n`).join('') : undefined;
}

function hosts({ plays }: Playbook): string[] {
  return plays.flatMap((play) => [
    `play ${play.name}: hosts`,
    ...play.batches.flat().map((host) => `  ${host}`),
  ]);
}

function tasks({ plays }: Playbook): string[] {
  return plays.flatMap((play) => [
    `play ${play.name}: tasks`,
    ...play.tasks.map(
      ({ number, name, tags }) => `  ${number}. ${name}${tags.length === 0 ? '' : `  [${tags.join(', ')}]`}`,
    ),
  ]);
}

function tags({ plays }: Playbook): string[] {
  const all = new Set(
    plays.flatMap((play) => [...play.tasks, ...play.handlers]).flatMap((task) => task.tags),
  );
  return ['tags', ...[...all].sort().map((tag) => `  ${tag}`)];
}
