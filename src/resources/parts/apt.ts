import { lines, Script, sh } from '../../core/shell.ts';

/** Seconds to wait for another apt or dpkg to finish. */
const LOCK_TIMEOUT = 600;

export interface Installation {
  /** Names, or NAME=VERSION. */
  readonly packages: readonly string[];
  readonly recommends?: boolean | undefined;
  readonly update?: boolean | undefined;
  readonly startServices?: boolean | undefined;
  readonly downgrades: boolean;
  /** Packages that are held may change: the task says what is held. */
  readonly changesHeld: boolean;
}

const APT = new Script(
  [
    'export DEBIAN_FRONTEND=noninteractive LC_ALL=C',
    `apt() { apt-get -y -q -o DPkg::Lock::Timeout=${LOCK_TIMEOUT} -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null; }`,
  ].join('\n'),
);

export function removal(packages: readonly string[]): Script {
  return lines(sh`set -eu`, APT, sh`apt remove -- ${packages}`);
}

export function installation(wish: Installation): Script {
  const { packages, recommends, update, startServices, downgrades, changesHeld } = wish;
  const options = [
    recommends ? '--install-recommends' : '--no-install-recommends',
    ...(downgrades ? ['--allow-downgrades'] : []),
    ...(changesHeld ? ['--allow-change-held-packages'] : []),
  ];
  return lines(
    sh`set -eu`,
    APT,
    UPDATE,
    update ? sh`[ -n "$(find /var/lib/apt/lists -maxdepth 0 -mmin -60)" ] || update` : undefined,
    sh`apt install --simulate ${options} -- ${packages} >/dev/null 2>&1 || update`,
    startServices === false ? WITHOUT_SERVICES : undefined,
    sh`apt install ${options} -- ${packages}`,
  );
}

/** Held packages are not touched by apt, whoever calls it. */
export function holding(verb: 'hold' | 'unhold', packages: readonly string[]): Script {
  return lines(sh`set -eu`, sh`apt-mark ${verb} -- ${packages}`);
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
