// What the reference pages show is done on real hosts, twice: the second time nothing that is declared has to change.
import * as assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import type { Recorded } from '../../src/core/journal.ts';
import { resources } from '../../src/resources/registry.ts';
import { CLUSTER, clusterSettles, fanopsEnds, INVENTORY, leader, onHost, switchOver } from './on-lab.ts';

/** Those that are not done here, and why not. */
const ELSEWHERE: { readonly [example: string]: string } = {
  'reboot: A new kernel': 'test/lab/reboot.lab.ts reboots a host',
  'sysctl: No overcommitting of memory':
    "a lab's host has the kernel of its machine: test/resources/sysctl.test.ts",
  'http: A message, with a token that nobody sees': 'it goes to a host outside',
  'gather_archive: What a restore on this host needs from another':
    'it needs backups: test/lab/recover-cluster.lab.ts gathers them',
};

/** What members do one after another; a second time they would only do it again. */
const ONCE = ['patroni_reinit', 'patroni_restart', 'patroni_rolling_restart', 'patroni_switchover'];

/** What the examples take to be there. */
const BEFORE = `set -eu; cd /
tar -C / -cf /root/before-examples.tar etc/hosts etc/motd etc/ssh/sshd_config
pg_createcluster --port=5433 15 main -- --no-sync >/dev/null
mkdir -p /etc/postgresql/15/main/conf.d; echo "include_dir = 'conf.d'" >>/etc/postgresql/15/main/postgresql.conf
pg_ctlcluster 15 main start
runuser -u postgres -- createdb -p 5432 app
mkdir -p /etc/pgbouncer /srv/archive/2026 /srv/data-made
printf '[pgbouncer]\\npool_mode = session\\n' >/etc/pgbouncer/pgbouncer.ini
printf '[main]\\nlegacy = 1\\nnew = 2\\n' >/etc/example.ini
echo x >/srv/archive/2026/one; echo x >/srv/data-made/index; mkdir -p /srv/data
tar -C /srv/data-made -czf /var/tmp/data.tar.gz index`;

const AFTER = `cd /
patronictl resume --wait fanatico-l1-cluster >/dev/null
patronictl edit-config --force -p log_min_duration_statement=null fanatico-l1-cluster >/dev/null
runuser -u postgres -- dropdb -p 5432 app; runuser -u postgres -- dropuser -p 5432 watcher
pg_dropcluster --stop 15 main; rm -rf /etc/postgresql/15/main; apt-mark unhold postgresql-15 >/dev/null
userdel report; groupdel operators
rm -rf /etc/pgbouncer /etc/example.ini /etc/report.* /etc/mirror /etc/cron.d/report /srv/archive /srv/cold /srv/data /srv/data-made \\
  /opt/tool /opt/report /usr/local/bin/pg /var/lib/example /var/lib/postgresql/.ssh /var/tmp/data.tar.gz /var/tmp/db2.yml \\
  /etc/systemd/system/cron.service.d
tar -C / -xf /root/before-examples.tar && rm /root/before-examples.tar
systemctl daemon-reload`;

interface Example {
  readonly resource: string;
  readonly title: string;
  readonly yaml: string;
}

const EXAMPLES: readonly Example[] = resources.flatMap(({ name, examples = [] }) =>
  examples.map(({ title, yaml }) => ({ resource: name, title, yaml })),
);

/** A play of its own for each, as it stands on its page. */
function playbook(examples: readonly Example[]): string {
  return examples
    .map(({ resource, title, yaml }) => {
      const tasks = yaml.replaceAll(/^(?=.)/gm, '    ');
      return `- name: ${JSON.stringify(`${resource}: ${title}`)}\n  hosts: db1\n  tasks:\n${tasks}`;
    })
    .join('');
}

const test = suite<{ dir: string }>('the examples of the reference pages', { dir: '' });

test.before((context) => {
  const dir = mkdtempSync(join(tmpdir(), 'fanops-examples-'));
  context.dir = dir;
  fanopsEnds(0, 'lab', 'up');
  clusterSettles();
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  if (leader() !== 'db1') switchOver(leader(), 'db1');
  clusterSettles();
  writeFileSync(join(dir, 'motd'), 'A node of the lab.\n');
  writeFileSync(join(dir, 'report.sh'), '#!/bin/sh\necho report\n');
  writeFileSync(join(dir, 'report.ini.hbs'), 'host = {{inventory_hostname}}\n');
  writeFileSync(
    join(dir, 'make-archive.sh'),
    '#!/bin/sh\nset -eu\nmkdir -p "$1/wal"\necho "$2" >"$1/name"\n',
  );
  mkdirSync(join(dir, 'tool'));
  writeFileSync(join(dir, 'tool/run'), '#!/bin/sh\n');
  execFileSync('tar', ['-C', join(dir, 'tool'), '-czf', join(dir, 'tool.tar.gz'), 'run']);
  onHost('db1', BEFORE);
});

test.after(({ dir }) => {
  rmSync(dir, { recursive: true });
  onHost('db1', AFTER);
  clusterSettles();
});

/** How each task of a run ended, as its record says. */
function applied(
  dir: string,
  name: string,
  examples: readonly Example[],
): Extract<Recorded, { type: 'item-ended' }>[] {
  const file = join(dir, name);
  writeFileSync(file, playbook(examples));
  process.env.FANOPS_RUNS = join(dir, 'runs');
  fanopsEnds(0, 'apply', file, '-i', resolve(INVENTORY), '--yes');
  const shown = fanopsEnds(0, 'runs', 'show', 'last', '--json').stdout.toString();
  const { entries } = JSON.parse(shown) as { entries: Recorded[] };
  return entries.filter((entry) => entry.type === 'item-ended');
}

test('what members do one after another succeeds', ({ dir }) => {
  const once = EXAMPLES.filter(({ resource }) => ONCE.includes(resource));
  const ends = applied(dir, 'once.yml', once);
  assert.deepEqual(new Set(ends.map(({ task }) => task.resource)), new Set(ONCE));
  assert.equal(leader(), 'db2');
  switchOver('db2', 'db1');
  clusterSettles();
});

test('all others succeed, and what is declared is unchanged the second time', ({ dir }) => {
  const often = EXAMPLES.filter(
    ({ resource, title }) => !ONCE.includes(resource) && !(`${resource}: ${title}` in ELSEWHERE),
  );
  const first = applied(dir, 'often.yml', often);
  const changed = first.filter(({ outcome }) => outcome === 'changed').map(({ task }) => task.resource);
  const declared = resources.filter(({ kind }) => kind === 'resource').map(({ name }) => name);
  const unchanged = declared.filter((name) => !changed.includes(name));
  assert.deepEqual(unchanged, ['service', 'sysctl']);
  assert.match(readFileSync(join(dir, 'kept/db1.yml'), 'utf8'), /^scope: /m);
  const again = applied(dir, 'often.yml', often);
  const twice = again.filter(({ outcome, task }) => outcome !== 'ok' && declared.includes(task.resource));
  assert.deepEqual(
    twice.map(({ task, outcome }) => `${task.name}: ${outcome}`),
    [],
  );
});

test('the exceptions are examples', () => {
  const all = EXAMPLES.map(({ resource, title }) => `${resource}: ${title}`);
  assert.deepEqual(
    Object.keys(ELSEWHERE).filter((name) => !all.includes(name)),
    [],
  );
});

test.run();
