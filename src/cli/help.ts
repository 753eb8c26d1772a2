import { type CommandSpec, type Option, positionalsText } from './args.ts';
import { COMMANDS, SEPARATE } from './commands.ts';

/** `fanops --help`. */
export function overviewHelp(): string {
  const commands = [...COMMANDS.map(({ spec }) => spec), ...SEPARATE];
  return [
    'fanops: sets up PostgreSQL/Patroni nodes and carries people through disaster recovery',
    '',
    'usage: fanops COMMAND [options]',
    '',
    ...table(commands.map(({ name, summary }) => [name, summary])),
    '',
    ...table([
      ['--help', 'show this; fanops COMMAND --help says more'],
      ['--version', 'show the version'],
    ]),
    '',
    'A playbook is a path, or a name under playbooks/. Exit codes: 0 done, 1 mistake in what was given,',
    '2 changes pending (--detailed-exitcode), 3 failed, 4 unreachable, 5 a guard refused, 6 stopped,',
    '7 in doubt, 8 stale, 9 another run holds the host, 10 timed out, 70 a bug in fanops,',
    '130 interrupted before anything had begun.',
    '',
  ].join('\n');
}

/** `fanops COMMAND --help`. */
export function commandHelp(spec: CommandSpec): string {
  const options = spec.options.filter((option) => option.refused === undefined);
  return [
    `fanops ${spec.name}: ${spec.summary}`,
    '',
    `usage: fanops ${spec.name} [options] ${positionalsText(spec)}`.trimEnd(),
    '',
    ...table(options.map((option) => [written(option), option.help])),
    '',
  ].join('\n');
}

function written({ name, short, aliases, value }: Option): string {
  const names = [
    `--${name}`,
    ...(aliases ?? []).filter((a) => !a.includes('colour')).map((alias) => `--${alias}`),
  ];
  const letter = short === undefined ? '    ' : `-${short}, `;
  return `${letter}${names.join(', ')}${value === undefined ? '' : ` ${value}`}`;
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}
