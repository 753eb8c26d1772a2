// The recovery runbooks used where they must not be, on a real cluster: each is refused before its first change, says why, and the
// hosts are afterwards as they were.
import * as assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { quote } from '../../src/core/shell.ts';
import { fingerprint } from './fingerprint.ts';
import {
  archiveASegment,
  backUp,
  clusterSettles,
  type Ended,
  fanops,
  fanopsEnds,
  HOSTS,
  INVENTORY,
  labWithBackups,
  leader,
  momentOn,
  onHost,
  schedulesGoOn,
  schedulesRest,
  standbysStream,
  textOn,
} from './on-lab.ts';
import { newestSegment } from './oracle.ts';

const KEY = '/etc/fanatico/backup.key';
const ARCHIVE = '/var/backups/fanatico';

interface Cluster {
  readonly leads: string;
  readonly replica: string;
  readonly other: string;
  /** A segment of its archive that has others before and after it, and a moment that only what comes after can be restored to. */
  readonly segment: string;
  readonly moment: string;
}

type Host = 'leads' | 'replica' | 'other';

interface WrongUse {
  readonly title: string;
  readonly runbook: string;
  readonly target: Host;
  readonly more?: readonly string[];
  /** The moment that is wanted. */
  readonly at?: () => string;
  /** The inventory with the first one's address given as the second one's. */
  readonly confuses?: readonly [Host, Host];
  readonly says: RegExp;
}

/** What is wrong, and what is refused then. */
interface Situation {
  readonly on: readonly Host[];
  readonly breaks: () => string;
  readonly mends: () => string;
  readonly uses: readonly WrongUse[];
}

/** With a restore of a working cluster asked for in so many words, only what is wrong can still stop it. */
const RESTORE = {
  runbook: 'recover-cluster.yml',
  target: 'replica',
  more: ['-e', 'discard_survivors=true'],
} as const;
const FROM_S3 = { ...RESTORE, runbook: 'recover-s3.yml' } as const;
const REJOIN = { runbook: 'rejoin-node.yml', target: 'replica' } as const;
const REWIND = { ...RESTORE, at: () => cluster.moment } as const;
const BESIDE = { runbook: 'recover-pitr.yml', target: 'replica', at: () => cluster.moment } as const;
const REBUILD = { runbook: 'recover-node.yml', target: 'replica' } as const;

/** What a rotation has kept is read all the same; then it is the key to write with that is missing. */
const NO_KEY =
  /does not hold the key [0-9a-f]+.* backups were made with it|do not all have one and the same key/;

const GAP =
  /no archive has the WAL segment [0-9A-F]{24}, though [0-9A-F]{24} comes after it\. In reach is what .* as on db\d.*backup-wal\.sh ([0-9A-F]{24}) pg_wal\/\1/;

const TWO_LEAD = /db\d and db\d lead at once, and take writes\. Find out/;

/** A Patroni that says of itself that it leads, and of nobody else: what another node would hear of a split brain. */
function anotherLeader(name: string): string {
  const own = { state: 'running', role: 'master', timeline: 9, patroni: { scope: 'fanatico-l1-cluster' } };
  const members = [{ name, role: 'leader', state: 'running', timeline: 9, host: name }];
  const serve = `import http.server
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = '${JSON.stringify({ members })}' if self.path == '/cluster' else '${JSON.stringify(own)}'
        self.send_response(200)
        self.end_headers()
        self.wfile.write(said.encode())
http.server.ThreadingHTTPServer(('', 8008), Answer).serve_forever()`;
  return `systemd-run --quiet --unit=another-leader python3 -c ${quote(serve)}
    timeout 30 sh -c 'until curl -s -o /dev/null http://$(hostname):8008/patroni; do sleep 0.2; done'`;
}

const SITUATIONS: readonly Situation[] = [
  {
    on: [],
    breaks: () => '',
    mends: () => '',
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
      {
        ...BESIDE,
        title: 'a moment before every backup',
        at: () => '2020-01-01 00:00:00',
        says: /2020-01-01 00:00:00 UTC lies before the end, .* the oldest backup\. In reach is what lies between the end of full_backup_/,
      },
      {
        ...BESIDE,
        title: 'a moment that was not archived yet',
        at: () => momentOn(cluster.leads),
        says: /lies after what the archived WAL reaches\. In reach is what lies between .* and the end of [0-9A-F]{24}, archived .*pg_switch_wal/,
      },
      {
        ...REWIND,
        title: 'a rewind to a moment that is still to come',
        at: () => '2099-01-01 00:00:00',
        says: /2099-01-01 00:00:00 UTC is still to come: it is 20/,
      },
    ],
  },
  {
    on: ['leads'],
    breaks: () => `mkdir /root/hidden && mv ${ARCHIVE}/wal/${cluster.segment}.gz* /root/hidden/`,
    mends: () => `mv /root/hidden/* ${ARCHIVE}/wal/ && rmdir /root/hidden`,
    uses: [
      { ...BESIDE, title: 'a WAL segment before that moment is missing', says: GAP },
      { ...REWIND, title: 'a WAL segment is missing, as the cluster is rewound', says: GAP },
    ],
  },
  {
    on: ['replica'],
    breaks: () => 'mkdir /mnt/small && mount -t tmpfs -o size=8m,mode=1777 small /mnt/small',
    mends: () => 'umount /mnt/small && rmdir /mnt/small',
    uses: [
      {
        ...BESIDE,
        title: 'no room where it would be restored',
        more: ['-e', 'directory=/mnt/small/restored'],
        says: /has 8 MiB free where \/mnt\/small\/restored belongs, and about \d+ MiB are needed.*directory=/,
      },
    ],
  },
  {
    on: ['leads'],
    breaks: () => 'patronictl pause --wait',
    mends: () => 'patronictl resume --wait',
    uses: [
      { ...REBUILD, title: 'the cluster is paused', says: /Patroni is paused/ },
      { ...REJOIN, title: 'the cluster is paused, as a machine comes back', says: /Patroni is paused/ },
      { ...RESTORE, title: 'the cluster is paused, as it is to be restored', says: /Patroni is paused/ },
      {
        ...FROM_S3,
        title: 'the cluster is paused, as it is to be restored from S3',
        says: /Patroni is paused/,
      },
    ],
  },
  {
    on: ['replica'],
    breaks: () => `systemctl stop patroni && ${anotherLeader(cluster.replica)}`,
    mends: () => 'systemctl stop another-leader && systemctl start patroni',
    uses: [
      { ...RESTORE, title: 'two lead, as the cluster is to be restored', says: TWO_LEAD },
      { ...FROM_S3, title: 'two lead, as the cluster is to be restored from S3', says: TWO_LEAD },
      { ...REBUILD, title: 'two lead, as one of them is to be rebuilt', says: TWO_LEAD },
    ],
  },
  {
    on: ['replica'],
    breaks: () => `mv ${KEY} ${KEY}.away`,
    mends: () => `mv ${KEY}.away ${KEY}`,
    uses: [{ ...RESTORE, title: 'the key is missing where the backup would be decrypted', says: NO_KEY }],
  },
  {
    on: ['replica'],
    breaks: () => `cp -p ${KEY} ${KEY}.away && printf '%064d\\n' 7 >${KEY}`,
    mends: () => `mv ${KEY}.away ${KEY}`,
    uses: [{ ...RESTORE, title: 'the key is another one', says: NO_KEY }],
  },
  {
    on: ['replica'],
    breaks: () =>
      `cp -p ${ARCHIVE}/CLUSTER.json /root/ && sed -i 's/"system_identifier": *"[0-9]*"/"system_identifier": "7000000000000000001"/' ${ARCHIVE}/CLUSTER.json`,
    mends: () => `mv /root/CLUSTER.json ${ARCHIVE}/`,
    uses: [{ ...RESTORE, title: 'the archive is of another cluster', says: /are not all of one cluster/ }],
  },
  {
    on: ['leads', 'other'],
    breaks: () => 'systemctl stop --no-block etcd; systemctl kill --signal=KILL etcd; systemctl stop etcd',
    mends: () => 'systemctl start --no-block etcd',
    uses: [
      {
        ...RESTORE,
        title: 'etcd has no quorum for what comes after the restore',
        says: /etcd has no quorum/,
      },
      {
        ...REBUILD,
        title: 'etcd has no quorum, so that nobody could be followed',
        says: /etcd has no quorum|nobody leads|do not agree/,
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
  standbysStream(leads);
  schedulesRest();
  backUp(leads);
  // Two nodes that begin a backup in one second give it one name, which is refused as two contents.
  nextSecond(leads);
  // A replica that has never archived has no archive yet whose cluster could be told.
  backUp(replica, '--here');
  archiveASegment(leads);
  // The archive tells full seconds.
  nextSecond(leads);
  archiveASegment(leads);
  const segment = newestSegment(leads);
  const moment = momentOn(leads);
  archiveASegment(leads);
  cluster = { leads, replica, other, segment, moment };
});

for (const { on, breaks, mends, uses } of SITUATIONS)
  test(`refused, and nothing is changed: ${uses.map(({ title }) => title).join('; ')}`, () => {
    for (const who of on) onHost(cluster[who], breaks());
    try {
      const before = fingerprint();
      for (const use of uses) {
        const refused = fanopsEnds(5, ...command(use));
        assert.match(refused.all.replaceAll(/\s+/g, ' '), use.says, use.title);
        assert.match(refused.all, /done: +nothing/, use.title);
        assert.deepEqual(fingerprint(), before, use.title);
      }
    } finally {
      for (const who of on) onHost(cluster[who], mends());
      clusterSettles();
    }
  });

test('refused, and nothing is changed: a second operator, while a run of the first waits for a confirmation', async () => {
  const leads = settledLeader();
  const { replica } = cluster;
  const argv = ['run', 'playbooks/recover-node.yml', '-i', INVENTORY, '-e', `target=${replica}`].join(' ');
  const first = spawn('script', ['-qec', `bin/fanops ${argv}`, '/dev/null'], { stdio: 'pipe' });
  const ended = once(first, 'exit');
  // One that has ended by itself takes no ^C: the test fails by what it wrote.
  first.stdin.on('error', () => undefined);
  let undone: Ended | undefined;
  try {
    await untilAsked(first, /Type "yes"/);
    first.stdin.write('yes\n');
    await untilAsked(first, /To go on, type/);
    const before = fingerprint();
    for (const use of [REBUILD, REJOIN, BESIDE, RESTORE]) {
      const refused = fanopsEnds(9, ...command({ ...use, title: '', says: /./ }));
      const said = refused.all.replaceAll(/\s+/g, ' ');
      assert.match(
        said,
        /db\d is held by \S+@\S+ since 20\S+ \S+ UTC, .*recover-node\.yml.*, run \S+/,
        use.runbook,
      );
      assert.match(said, /--lock-wait 5m.*fanops resume \S+.*fanops unlock db\d --run/, use.runbook);
      assert.deepEqual(fingerprint(), before, use.runbook);
    }
  } finally {
    first.stdin.write('\x03');
    await ended;
    undone = fanops([...argv.split(' '), '--undo', '4', '--yes']);
  }
  assert.equal(undone.status, 0, undone.all);
  standbysStream(leads);
});

test('afterwards the cluster works, and its schedules go on', () => {
  clusterSettles();
  rmSync(dir, { recursive: true });
  schedulesGoOn();
});

function command({ runbook, target, more = [], at, confuses }: WrongUse): string[] {
  const host = cluster[target];
  const moment = at && `${at()}+00:00`;
  const ours = runbook === FROM_S3.runbook ? `restore ${host} from S3` : `restore ${host}`;
  const restore = moment === undefined ? ours : `rewind to ${moment}`;
  const texts = [`rebuild ${host}`, restore, 'accept', `rejoin ${host}`, `rebuild etcd on ${host}`];
  const asked = readFileSync(join('playbooks', runbook), 'utf8');
  const given = texts.filter((text) =>
    asked.includes(text.replace(host, '{{target}}').replace(moment ?? '-', '{{rewind_to}}')),
  );
  return [
    ...['run', `playbooks/${runbook}`, '-i', confuses ? confused(confuses) : INVENTORY],
    ...['-e', `target=${host}`, ...more, ...(moment === undefined ? [] : ['-e', `at=${moment}`]), '--yes'],
    ...given.flatMap((text) => ['--confirm', text]),
  ];
}

/** Waits until a full second has passed there. */
function nextSecond(host: string): void {
  textOn(host, 'now=$(date +%s); until [ $(date +%s) -gt $((now + 1)) ]; do sleep 0.1; done');
}

/** A cluster whose etcd had no quorum may have chosen another leader when it came back. */
function settledLeader(): string {
  const leads = leader();
  const [replica = '', other = ''] = HOSTS.filter((host) => host !== leads);
  cluster = { ...cluster, leads, replica, other };
  standbysStream(leads);
  return leads;
}

/** Until it has written this, from now on. */
async function untilAsked({ stdout }: ChildProcessWithoutNullStreams, question: RegExp): Promise<void> {
  let seen = '';
  for await (const [text] of on(stdout, 'data', { close: ['end'] })) {
    seen += text;
    if (question.test(seen)) return;
  }
  assert.fail(seen);
}

function confused([one, another]: readonly [Host, Host]): string {
  const text = readFileSync(INVENTORY, 'utf8');
  const addressOf = (host: string): string =>
    new RegExp(`${host}:\\s+ansible_host: "([^"]+)"`).exec(text)?.[1] ?? assert.fail(host);
  const wrong = new RegExp(`(${cluster[one]}:\\s+ansible_host: ")[^"]+`);
  const path = join(dir, 'inventory.yml');
  writeFileSync(path, text.replace(wrong, `$1${addressOf(cluster[another])}`));
  return path;
}

test.run();
