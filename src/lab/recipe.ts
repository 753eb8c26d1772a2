import { createHash } from 'node:crypto';

/** Which layers a lab's hosts are made of. */
export const LAYERS = ['bare', 'full'] as const;
export type Layer = (typeof LAYERS)[number];

/** A Debian with sshd and systemd, and nothing of databases. */
const BARE_PACKAGES = [
  'ca-certificates',
  'cron',
  'dbus',
  'iproute2',
  'iputils-ping',
  'less',
  'libpam-systemd',
  'openssh-server',
  'procps',
  'sudo',
  'systemd',
  'systemd-sysv',
  'tzdata',
];

/** What the backup system and its cluster need, as a playbook would install it. */
const FULL_PACKAGES = [
  'awscli',
  'curl',
  'etcd-client',
  'etcd-server',
  'isal',
  'jq',
  'logrotate',
  'netcat-openbsd',
  'openssl',
  'patroni',
  'pigz',
  'postgresql-15',
  'postgresql-client-15',
  'psmisc',
  'python3-etcd',
  'python3-psycopg2',
  'rsync',
  'sqlite3',
  'zstd',
];

/** Shipped enabled by their packages; in the lab nothing of the cluster runs before a playbook says so. */
const STOPPED_UNITS = ['etcd.service', 'patroni.service', 'postgresql.service'];

/** Timers that would take apt's lock or the disk at a time of their own. */
const MASKED_UNITS = ['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer'];

/** How one layer is made: everything that its content depends on. */
export interface Recipe {
  readonly layer: Layer;
  readonly packages: readonly string[];
  /** A `debian.sources` file. */
  readonly sources: string;
  /** Lines of apt's configuration that stay in the layer. */
  readonly aptSettings: readonly string[];
  /** Shell script, run by `sh -e` inside the root before the packages are installed. */
  readonly before: string;
  /** The same, after. */
  readonly after: string;
}

export function bareRecipe(sources: string, aptSettings: readonly string[]): Recipe {
  return {
    layer: 'bare',
    packages: BARE_PACKAGES,
    sources,
    aptSettings: ['Acquire::Languages "none";', 'Acquire::PDiffs "false";', ...aptSettings],
    before: '',
    after: `
rm -f /etc/ssh/ssh_host_*_key*
ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime
echo Etc/UTC > /etc/timezone
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\\nStorage=volatile\\nRuntimeMaxUse=32M\\n' > /etc/systemd/journald.conf.d/lab.conf
systemctl mask ${MASKED_UNITS.join(' ')}
`,
  };
}

export function fullRecipe(bare: Recipe): Recipe {
  return {
    ...bare,
    layer: 'full',
    packages: FULL_PACKAGES,
    before: `
mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
`,
    after: `
systemctl disable ${STOPPED_UNITS.join(' ')}
rm -rf /var/lib/etcd/*
`,
  };
}

/** Twelve hex digits that change with anything a layer is made from, the layers below included. */
export function recipeId(...recipes: readonly Recipe[]): string {
  return createHash('sha256').update(JSON.stringify(recipes)).digest('hex').slice(0, 12);
}
