import { blocked, type Change, type FieldChange, NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { lines, Script, sh } from '../core/shell.ts';
import { packageFact } from '../facts/package.ts';
import { flag, object } from './parts/schema.ts';

export type PackageArgs = {
  readonly name: string | readonly string[];
  readonly state?: 'present' | 'absent';
  readonly recommends?: boolean;
  readonly update?: boolean;
  readonly start_services?: boolean;
};

// No dash at the end: to apt-get that means to remove it.
const NAME = { type: 'string', pattern: '^[a-z0-9][a-z0-9+.-]*[a-z0-9+.](:[a-z0-9]+)?$' } as const;
const TIMEOUT_MS = 60 * 60_000;

/** Seconds to wait for another apt or dpkg to finish. */
const LOCK_TIMEOUT = 600;

export const packageResource: Resource<PackageArgs, { readonly packages: readonly string[] }> = {
  name: 'package',
  kind: 'resource',
  scope: 'host',
  summary: 'Debian packages: installed or not. They are never upgraded by this.',
  schema: object(
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
    },
    ['name'],
  ),
  result: object(
    { packages: { type: 'array', items: { type: 'string' }, description: 'The packages named.' } },
    ['packages'],
  ),
  identity: ['name'],
  address: ({ name }) => `package ${names(name).join(' ')}`,
  needs: ({ name }) => names(name).map(packageFact),
  diff,
  commands: (args, change) => {
    const wrong = change.fields.map((f) => f.field);
    const isRemoval = args.state === 'absent';
    return [
      {
        kind: 'shell',
        script: (isRemoval ? removal(wrong) : installation(args, wrong)).text,
        display: `apt-get ${isRemoval ? 'remove' : 'install'} ${wrong.join(' ')}`,
        timeoutMs: TIMEOUT_MS,
      },
    ];
  },
  touches: () => [{ on: 'anything' }],
  registered: ({ name }) => ({ packages: names(name) }),
};

function diff({ name, state = 'present' }: PackageArgs, facts: FactView): Change {
  const fields: FieldChange[] = [];
  for (const one of names(name)) {
    const looked = facts.get(packageFact(one));
    if (looked.state === 'unreadable') return blocked(`could not look at package ${one}: ${looked.reason}`);
    if (looked.state === 'absent' && state === 'present') fields.push({ field: one, after: 'installed' });
    if (looked.state !== 'value' || state === 'present') continue;
    if (looked.value.held) return blocked(`package ${one} is held: apt-mark unhold ${one} first`);
    fields.push({ field: one, before: looked.value.version, after: 'absent' });
  }
  if (fields.length === 0) return NONE;
  return state === 'present'
    ? { action: 'create', risk: 'changes', fields }
    : { action: 'delete', risk: 'interrupts', fields };
}

const APT = new Script(
  [
    'export DEBIAN_FRONTEND=noninteractive LC_ALL=C',
    `apt() { apt-get -y -q -o DPkg::Lock::Timeout=${LOCK_TIMEOUT} -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null; }`,
  ].join('\n'),
);

function removal(packages: readonly string[]): Script {
  return lines(sh`set -eu`, APT, sh`apt remove -- ${packages}`);
}

function installation(
  { recommends, update, start_services }: PackageArgs,
  packages: readonly string[],
): Script {
  const option = recommends ? '--install-recommends' : '--no-install-recommends';
  return lines(
    sh`set -eu`,
    APT,
    UPDATE,
    update ? sh`[ -n "$(find /var/lib/apt/lists -maxdepth 0 -mmin -60)" ] || update` : undefined,
    sh`apt install --simulate ${option} -- ${packages} >/dev/null 2>&1 || update`,
    start_services === false ? WITHOUT_SERVICES : undefined,
    sh`apt install ${option} -- ${packages}`,
  );
}

/** Another update may hold the lists (a fresh machine runs one by itself), and that lock is not waited for. */
const UPDATE = new Script(
  `update() { n=0; until apt -o APT::Update::Error-Mode=any update; do n=$((n + 1)); [ $n -lt 5 ] || return 1; sleep 3; done; }`,
);

/**
 * Debian asks /usr/sbin/policy-rc.d before it starts a service; 101 forbids it. Ours is marked, so that one left
 * over by a run that was killed is recognised; somebody else's is left alone.
 */
const WITHOUT_SERVICES = new Script(
  [
    'p=/usr/sbin/policy-rc.d',
    'if [ ! -e "$p" ] || grep -q "^# fanops: no services" "$p"; then',
    `  trap 'rm -f -- "$p"' EXIT; trap 'exit 143' HUP INT TERM`,
    `  printf '#!/bin/sh\\n# fanops: no services while packages are installed\\nexit 101\\n' >"$p"; chmod 0755 "$p"`,
    'else',
    '  s=0; "$p" any start </dev/null >/dev/null 2>&1 || s=$?',
    `  [ $s -eq 101 ] || { echo "$p exists and does not forbid starting services (exit status $s): move it away first" >&2; exit 1; }`,
    'fi',
  ].join('\n'),
);

function names(name: string | readonly string[]): readonly string[] {
  return typeof name === 'string' ? [name] : name;
}
