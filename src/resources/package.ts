import { blocked, type Change, type FieldChange, NONE } from '../core/change.ts';
import type { Command } from '../core/command.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import type { Script } from '../core/shell.ts';
import { type PackageInfo, packageFact } from '../facts/package.ts';
import { packageVersionsFact } from '../facts/package-versions.ts';
import { holding, installation, removal } from './parts/apt.ts';
import { CONSEQUENCE, fits, RISK, type Step, stepBetween, versionOf } from './parts/package-version.ts';
import { flag, object } from './parts/schema.ts';

export type PackageArgs = {
  readonly name: string | readonly string[];
  readonly state?: 'present' | 'absent';
  readonly recommends?: boolean;
  readonly update?: boolean;
  readonly start_services?: boolean;
  readonly version?: string;
  readonly hold?: boolean;
};

// No dash at the end: to apt-get that means to remove it.
const NAME = { type: 'string', pattern: '^[a-z0-9][a-z0-9+.-]*[a-z0-9+.](:[a-z0-9]+)?$' } as const;
const TIMEOUT_MS = 60 * 60_000;

/** What `diff` keeps for `commands`. */
type Note = {
  /** Names, or NAME=VERSION. */
  readonly install: readonly string[];
  readonly remove: readonly string[];
  readonly hold: readonly string[];
  readonly downgrades: boolean;
};

export const packageResource: Resource<PackageArgs, { readonly packages: readonly string[] }> = {
  name: 'package',
  kind: 'resource',
  scope: 'host',
  summary:
    'Debian packages: installed or not, in the version named, held or not. Without a version they are never upgraded.',
  examples: [
    {
      title: 'One version, which apt leaves alone from then on',
      yaml: `- name: PostgreSQL of this minor release
  package: { name: postgresql-15, version: "15.*", hold: true }
`,
    },
  ],
  schema: {
    ...object(
      {
        name: {
          anyOf: [NAME, { type: 'array', items: NAME, minItems: 1, uniqueItems: true }],
          description: 'A package, or a list of them that is installed in one go.',
        },
        state: {
          type: 'string',
          enum: ['present', 'absent'],
          default: 'present',
          description:
            'Whether they are installed. There is no "latest": what it would do is not known before.',
        },
        recommends: flag('Install what they recommend, too.', false),
        update: flag(
          'Fetch the lists of packages first where they are older than an hour. Done anyway when a package is not in them.',
          false,
        ),
        start_services: flag('Let the packages start their services, as Debian does.', true),
        version: {
          type: 'string',
          pattern: '^[A-Za-z0-9][A-Za-z0-9.+~:-]*\\*?$',
          description:
            'The version of the one package; with "*" at the end the newest that begins so, where none is installed that does. An older one than what is installed is a downgrade, and called so.',
        },
        hold: {
          type: 'boolean',
          description: 'Whether apt leaves it alone (apt-mark hold). Left as it is when absent.',
        },
      },
      ['name'],
    ),
    not: {
      anyOf: [
        { required: ['version'], properties: { name: { type: 'array' } } },
        {
          required: ['state'],
          properties: { state: { const: 'absent' } },
          anyOf: [{ required: ['version'] }, { required: ['hold'] }],
        },
      ],
    },
  },
  result: object(
    { packages: { type: 'array', items: { type: 'string' }, description: 'The packages named.' } },
    ['packages'],
  ),
  identity: ['name', 'version'],
  address: ({ name }) => `package ${names(name).join(' ')}`,
  needs: ({ name, version }) => [
    ...names(name).map(packageFact),
    ...(version === undefined ? [] : names(name).map(packageVersionsFact)),
  ],
  diff,
  commands,
  touches: () => [{ on: 'anything' }],
  registered: ({ name }) => ({ packages: names(name) }),
};

function diff(args: PackageArgs, facts: FactView): Change {
  const { name, state = 'present' } = args;
  for (const one of names(name)) {
    const looked = facts.get(packageFact(one));
    if (looked.state === 'unreadable') return blocked(`could not look at package ${one}: ${looked.reason}`);
  }
  return state === 'absent' ? removed(names(name), facts) : present(args, facts);
}

function installed(name: string, facts: FactView): PackageInfo | undefined {
  const looked = facts.get(packageFact(name));
  return looked.state === 'value' ? looked.value : undefined;
}

function removed(packages: readonly string[], facts: FactView): Change {
  const there = packages.filter((one) => installed(one, facts));
  const held = there.find((one) => installed(one, facts)?.held);
  if (held !== undefined) return blocked(`package ${held} is held: apt-mark unhold ${held} first`);
  if (there.length === 0) return NONE;
  const fields = there.map((one) => ({
    field: one,
    before: installed(one, facts)?.version ?? '',
    after: 'absent',
  }));
  return { action: 'delete', risk: 'interrupts', fields, note: note({ remove: there }) };
}

function present({ name, version, hold, update }: PackageArgs, facts: FactView): Change {
  const fields: FieldChange[] = [];
  const install: string[] = [];
  const holds: string[] = [];
  let step: Step = 'install';
  for (const one of names(name)) {
    const there = installed(one, facts);
    const before = there === undefined ? {} : { before: there.version };
    const wanted =
      there && (version === undefined || fits(there.version, version)) ? there.version : undefined;
    if (wanted === undefined) {
      const target = version === undefined ? undefined : versionOf(one, version, update === true, facts);
      if (target && 'problem' in target) return blocked(target.problem);
      if (there?.held && hold === undefined)
        return blocked(
          `package ${one} is held at ${there.version}: say what becomes of it with hold: true or false`,
        );
      if (there && target) step = stepBetween(there.version, target.version);
      fields.push({ field: one, ...before, after: target?.version ?? 'installed' });
      install.push(target ? `${one}=${target.version}` : one);
    }
    if (hold === undefined || hold === (there?.held ?? false)) continue;
    fields.push({ field: `${one} hold`, ...(there ? { before: there.held } : {}), after: hold });
    holds.push(one);
  }
  if (fields.length === 0) return NONE;
  const kept = note({ install, hold: holds, downgrades: step === 'downgrade' });
  const action = names(name).some((one) => !installed(one, facts)) ? 'create' : 'update';
  return { action, risk: RISK[step], fields, ...CONSEQUENCE[step], note: kept };
}

function commands(args: PackageArgs, change: Change): Command[] {
  const { install, remove, hold, downgrades } = change.note as Note;
  const run = (script: Script, display: string): Command => ({
    kind: 'shell',
    script: script.text,
    display,
    timeoutMs: TIMEOUT_MS,
  });
  const wish = {
    packages: install,
    recommends: args.recommends,
    update: args.update,
    startServices: args.start_services,
    downgrades,
    changesHeld: args.hold !== undefined,
  };
  const verb = args.hold ? 'hold' : 'unhold';
  return [
    ...(remove.length ? [run(removal(remove), `apt-get remove ${remove.join(' ')}`)] : []),
    ...(install.length ? [run(installation(wish), `apt-get install ${install.join(' ')}`)] : []),
    ...(hold.length ? [run(holding(verb, hold), `apt-mark ${verb} ${hold.join(' ')}`)] : []),
  ];
}

function note(of: Partial<Note>): Note {
  return { install: [], remove: [], hold: [], downgrades: false, ...of };
}

function names(name: string | readonly string[]): readonly string[] {
  return typeof name === 'string' ? [name] : name;
}
