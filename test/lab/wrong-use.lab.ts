// The recovery runbooks used where they must not be, on a real cluster: each is refused before its first change, says why, and the
// hosts are afterwards as they were.
import * as assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import {
  backUp,
  clusterSettles,
  fanopsEnds,
  HOSTS,
  INVENTORY,
  labWithBackups,
  onHost,
  standbysStream,
  textOn,
} from './on-lab.ts';

const KEY = '/etc/fanatico/backup.key';
const ARCHIVE = '/var/backups/fanatico';

interface Cluster {
  readonly leads: string;
  readonly replica: string;
  readonly other: string;
}

interface WrongUse {
  readonly title: string;
  readonly runbook: string;
  readonly target: keyof Cluster;
  readonly more?: readonly string[];
  /** The inventory with the first one's address given as the second one's. */
  readonly confuses?: readonly [keyof Cluster, keyof Cluster];
  readonly says: RegExp;
}

/** What is wrong, and what is refused then. */
interface Situation {
  readonly on: readonly (keyof Cluster)[];
  readonly breaks: string;
  readonly mends: string;
  readonly uses: readonly WrongUse[];
}

/** With a restore of a working cluster asked for in so many words, only what is wrong can still stop it. */
const RESTORE = {
  runbook: 'recover-cluster.yml',
  target: 'replica',
  more: ['-e', 'discard_survivors=true'],
} as const;
const REJOIN = { runbook: 'rejoin-node.yml', target: 'replica' } as const;
const REBUILD = { runbook: 'recover-node.yml', target: 'replica' } as const;

/** What a rotation has kept is read all the same; then it is the key to write with that is missing. */
const NO_KEY =
  /does not hold the key [0-9a-f]+.* backups were made with it|do not all have one and the same key/;

const SITUATIONS: readonly Situation[] = [
  {
    on: [],
    breaks: '',
    mends: '',
    uses: [
      {
        ...REBUILD,
        title: 'the node to be rebuilt leads',
        target: 'leads',
        says: /leads\. Hand leadership over/,
      },
      {
        ...REBUILD,
        title: 'another member answers at its address',
        confuses: ['replica', 'other'],
        says: /whose Patroni is the member db\d .*correct ansible_host/,
      },
      {
        ...RESTORE,
        title: 'one machine answers for two',
        confuses: ['other', 'replica'],
        says: /are one machine|whose Patroni is the member/,
      },
      {
        runbook: 'rejoin-node.yml',
        target: 'leads',
        title: 'the machine to be brought back leads',
        says: /leads: it is not lost/,
      },
      {
        runbook: 'recover-etcd.yml',
        target: 'leads',
        title: 'etcd has its quorum',
        says: /has a quorum on .*nothing is to be rebuilt/,
      },
    ],
  },
  {
    on: ['leads'],
    breaks: 'patronictl pause --wait',
    mends: 'patronictl resume --wait',
    uses: [
      { ...REBUILD, title: 'the cluster is paused', says: /Patroni is paused/ },
      { ...REJOIN, title: 'the cluster is paused, as a machine comes back', says: /Patroni is paused/ },
    ],
  },
  {
    on: ['replica'],
    breaks: `mv ${KEY} ${KEY}.away`,
    mends: `mv ${KEY}.away ${KEY}`,
    uses: [{ ...RESTORE, title: 'the key is missing where the backup would be decrypted', says: NO_KEY }],
  },
  {
    on: ['replica'],
    breaks: `cp -p ${KEY} ${KEY}.away && printf '%064d\\n' 7 >${KEY}`,
    mends: `mv ${KEY}.away ${KEY}`,
    uses: [{ ...RESTORE, title: 'the key is another one', says: NO_KEY }],
  },
  {
    on: ['replica'],
    breaks: `cp -p ${ARCHIVE}/CLUSTER.json /root/ && sed -i 's/"system_identifier": *"[0-9]*"/"system_identifier": "7000000000000000001"/' ${ARCHIVE}/CLUSTER.json`,
    mends: `mv /root/CLUSTER.json ${ARCHIVE}/`,
    uses: [{ ...RESTORE, title: 'the archive is of another cluster', says: /are not all of one cluster/ }],
  },
  {
    on: ['leads', 'other'],
    breaks: 'systemctl stop --no-block etcd; systemctl kill --signal=KILL etcd; systemctl stop etcd',
    mends: 'systemctl start --no-block etcd',
    uses: [
      {
        ...RESTORE,
        title: 'etcd has no quorum for what comes after the restore',
        says: /etcd has no quorum/,
      },
      {
        ...REBUILD,
        title: 'etcd has no quorum, so that nobody could be followed',
        says: /etcd has no quorum|nobody leads/,
      },
      {
        runbook: 'recover-etcd.yml',
        target: 'leads',
        title: 'etcd only has to be started',
        says: /is a quorum: start it there/,
      },
    ],
  },
];

let cluster: Cluster;
let dir = '';

test('a cluster on which nothing else is going on', () => {
  dir = mkdtempSync(join(tmpdir(), 'fanops-wrong-use-'));
  const [leads, replica, other] = labWithBackups();
  cluster = { leads, replica, other };
  standbysStream(leads);
  for (const host of HOSTS) {
    onHost(host, 'systemctl stop cron');
    // A replica that has never archived has no archive yet whose cluster could be told.
    backUp(host);
  }
});

for (const { on, breaks, mends, uses } of SITUATIONS)
  test(`refused, and nothing is changed: ${uses.map(({ title }) => title).join('; ')}`, () => {
    for (const who of on) onHost(cluster[who], breaks);
    try {
      const before = fingerprint();
      for (const use of uses) {
        const refused = fanopsEnds(5, ...command(use));
        assert.match(refused.all.replaceAll(/\s+/g, ' '), use.says, use.title);
        assert.match(refused.all, /done: +nothing/, use.title);
        assert.deepEqual(fingerprint(), before, use.title);
      }
    } finally {
      for (const who of on) onHost(cluster[who], mends);
    }
  });

test('afterwards the cluster works, and its schedules go on', () => {
  clusterSettles();
  rmSync(dir, { recursive: true });
  for (const host of HOSTS) onHost(host, 'systemctl start cron');
});

function command({ runbook, target, more = [], confuses }: WrongUse): string[] {
  const host = cluster[target];
  const texts = [`rebuild ${host}`, `restore ${host}`, 'accept', `rejoin ${host}`, `rebuild etcd on ${host}`];
  const asked = readFileSync(join('playbooks', runbook), 'utf8');
  const given = texts.filter((text) => asked.includes(text.replace(host, '{{target}}')));
  return [
    ...['run', `playbooks/${runbook}`, '-i', confuses ? confused(confuses) : INVENTORY],
    ...['-e', `target=${host}`, ...more, '--yes'],
    ...given.flatMap((text) => ['--confirm', text]),
  ];
}

function confused([one, another]: readonly [keyof Cluster, keyof Cluster]): string {
  const text = readFileSync(INVENTORY, 'utf8');
  const addressOf = (host: string): string =>
    new RegExp(`${host}:\\s+ansible_host: "([^"]+)"`).exec(text)?.[1] ?? assert.fail(host);
  const wrong = new RegExp(`(${cluster[one]}:\\s+ansible_host: ")[^"]+`);
  const path = join(dir, 'inventory.yml');
  writeFileSync(path, text.replace(wrong, `$1${addressOf(cluster[another])}`));
  return path;
}

/** What a recovery could alter (without etcd Patroni itself restarts PostgreSQL): services, data directories, keys, settings, backups, marks. */
function fingerprint(): string[] {
  return HOSTS.map((host) =>
    textOn(
      host,
      `systemctl show --property=Id,MainPID patroni etcd; stat -c '%i %n' /var/lib/postgresql/15/*
       find /etc/fanatico /etc/patroni /etc/default/etcd /var/lib/etcd -maxdepth 2 -printf '%p %i %m %u\\n' | sort
       find ${ARCHIVE}/full ${ARCHIVE}/CLUSTER.json /var/lib/fanatico ! -name '*.lock' -printf '%p %s %m %u\\n' | sort
       cat /etc/fanatico/backup.key ${ARCHIVE}/CLUSTER.json | sha256sum`,
    ),
  );
}

test.run();
