import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sshArguments } from '../../src/lab/readiness.ts';
import { hostNamed } from '../../src/lab/settings.ts';
import { resolveSettings } from '../../src/lab/state.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The default lab, or another one: FANOPS_LAB_* and an inventory of its hosts. */
export const INVENTORY = process.env.FANOPS_TEST_INVENTORY ?? 'inventory/lab.yml';
export const HOSTS = ['db1', 'db2', 'db3'] as const;
/** Where Patroni keeps the cluster's data. */
export const DATA = '/var/lib/postgresql/15/fanatico';
export const CLUSTER = ['playbooks/cluster.yml', '-i', INVENTORY];
export const INSTALL = ['playbooks/install.yml', '-i', INVENTORY];
export const SCRIPTS = '/opt/fanatico/backup/scripts';

export interface Ended {
  readonly status: number | null;
  readonly stdout: Buffer;
  /** Both streams, as text. */
  readonly all: string;
}

export function fanops(args: readonly string[], input: Buffer | string = ''): Ended {
  return endOf('bin/fanops', args, input);
}

function endOf(program: string, args: readonly string[], input: Buffer | string): Ended {
  const ended = spawnSync(program, args, { cwd: ROOT, input, maxBuffer: 1 << 28, timeout: 600_000 });
  return { status: ended.status, stdout: ended.stdout, all: `${ended.stdout}\n${ended.stderr}` };
}

/** `fanops …`, which must end with this exit code. */
export function fanopsEnds(code: number, ...args: string[]): Ended {
  const ended = fanops(args);
  assert.equal(ended.status, code, `fanops ${args.join(' ')}\n${ended.all.slice(-6000)}`);
  return ended;
}

/** What a shell on the host, as root, comes to: `fanops lab ssh`, without starting Node for it a thousand times. */
export function tryOn(host: string, command: string, input: Buffer | string = ''): Ended {
  const lab = resolveSettings({}, process.env);
  return endOf('ssh', [...sshArguments(lab, hostNamed(lab, host)), command], input);
}

/** What a shell on the host, as root, answers; it must succeed. */
export function onHost(host: string, command: string, input: Buffer | string = ''): Buffer {
  const ended = tryOn(host, command, input);
  assert.equal(ended.status, 0, `${host}: ${command}\n${ended.all.slice(-3000)}`);
  return ended.stdout;
}

export function textOn(host: string, command: string): string {
  return onHost(host, command).toString('utf8').trim();
}

/** The same as the user postgres, in a login shell, as somebody who types. */
export function asPostgres(host: string, command: string): string {
  const ended = tryOn(host, 'runuser -l postgres -c "bash -l"', command);
  assert.equal(ended.status, 0, `postgres@${host}: ${command}\n${ended.all.slice(-3000)}`);
  return ended.stdout.toString('utf8').trim();
}

/** A lab with the cluster and its backup system: its leader, and the others. */
export function labWithBackups(): [leads: string, one: string, other: string] {
  fanopsEnds(0, 'lab', 'up');
  clusterSettles();
  for (const playbook of [CLUSTER, INSTALL]) fanopsEnds(0, 'apply', ...playbook, '--yes');
  const leads = leader();
  const [one = '', other = ''] = HOSTS.filter((host) => host !== leads);
  return [leads, one, other];
}

/** Makes a full backup; one of the schedule that is being made at this moment (exit status 4) is let pass first. */
export function backUp(host: string, ...options: string[]): void {
  const command = `${SCRIPTS}/backup-full.sh ${options.join(' ')}`;
  asPostgres(host, `until ${command}; do [ $? = 4 ] || exit 1; sleep 1; done`);
}

export function sqlOn(host: string, statement: string): string {
  return asPostgres(host, `psql -XAtq -d postgres <<'END'\n${statement}\nEND\n`);
}

/** This moment by the host's server, as the document writes a time: without an offset, UTC. */
export function momentOn(host: string): string {
  return sqlOn(host, "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')");
}

/** The leader's name, as Patroni has it. */
export function leader(): string {
  const list = JSON.parse(textOn('db1', 'patronictl list -f json')) as { Member: string; Role: string }[];
  return list.find((member) => member.Role === 'Leader')?.Member ?? assert.fail('no leader');
}

export function archiver(host: string): { archived: number; failed: number } {
  const [archived, failed] = sqlOn(host, 'select archived_count, failed_count from pg_stat_archiver').split(
    '|',
  );
  return { archived: Number(archived), failed: Number(failed) };
}

/** Closes a segment on the leader and waits until it is archived, without a failure. */
export function archiveASegment(host: string): void {
  const { failed } = archiver(host);
  const close = 'select pg_walfile_name(pg_switch_wal()) from pg_create_restore_point($$test$$)';
  const sidecar = `/var/backups/fanatico/wal/${sqlOn(host, close)}.gz.json`;
  soon(`${host} archives ${sidecar}`, () => tryOn(host, `test -e ${sidecar}`).status === 0);
  assert.equal(archiver(host).failed, failed);
}

/** This host leads, and every other one streams from it: by name, for a base backup in the making streams, too. */
export function standbysStream(from: string): void {
  const others = HOSTS.filter((host) => host !== from).join();
  const seen = `select string_agg(application_name, ',' order by application_name) from pg_stat_replication
    where state = 'streaming' and not pg_is_in_recovery()`;
  soon(`${others} stream from ${from}`, () => sqlOn(from, seen) === others);
}

/**
 * After a host was restarted or cut off: where there is a cluster, all name one leader, and each server itself says that it runs, on
 * one timeline, and that one as the primary. What the DCS holds may be older than that.
 */
export function clusterSettles(): void {
  if (textOn('db1', 'test -e /etc/patroni/config.yml && echo there || true') !== 'there') return;
  const api = 'curl -s -m 5 http://$(hostname):8008';
  const ask = `echo $(${api}/patroni | jq -r '"\\(.state) \\(.timeline) \\(.role)"' \
    ; ${api}/cluster | jq -r '.members[] | select(.role == "leader").name')`;
  soon('all members run and agree', () => {
    const told = HOSTS.map((host) => tryOn(host, ask).stdout.toString().trim());
    const [, timeline, , leads] = told[0]?.split(' ') ?? [];
    return HOSTS.every(
      (host, i) => told[i] === `running ${timeline} ${host === leads ? 'master' : 'replica'} ${leads}`,
    );
  });
}

/** Nothing is started by the clock meanwhile: no backup, healing, verification, upload. */
export function schedulesRest(): void {
  for (const host of HOSTS)
    onHost(
      host,
      'systemctl stop cron; ! systemctl -q is-active fanatico-upload.timer || systemctl stop fanatico-upload.{timer,service}',
    );
}

export function schedulesGoOn(): void {
  for (const host of HOSTS)
    onHost(
      host,
      'systemctl start cron; ! systemctl -q is-enabled fanatico-upload.timer || systemctl start fanatico-upload.timer',
    );
}

/** The data is gone; what stood in its place, a directory or a link to one, is gone or leads to an empty one. */
export function deleteData(host: string): void {
  onHost(host, `find -L ${DATA} -mindepth 1 -delete; [ -L ${DATA} ] || rmdir ${DATA}`);
}

/** Neither frozen nor marked: as on any other day. */
export function assertUntouched(): void {
  for (const host of HOSTS)
    textOn(host, 'cd /var/lib/fanatico && test ! -e schedule-freeze && test ! -e restore-in-progress');
}

/** As a power cut: nothing is closed, nothing more is archived. */
export function killPatroni(host: string): void {
  onHost(
    host,
    `systemctl kill --kill-who=all --signal=KILL patroni; systemctl stop patroni
     for i in {1..300}; do pgrep -u postgres -x postgres >/dev/null || exit 0; sleep 0.1; done; exit 1`,
  );
}

/** Hands leadership to another member, which is returned once it takes writes: it holds the lock before that. */
export function switchOver(from: string, to: string): string {
  onHost(from, `patronictl switchover --force --candidate ${to}`);
  soon(`${to} leads`, () => sqlOn(to, 'select pg_is_in_recovery()') === 'f');
  return to;
}

/** Waits until it holds, three minutes at most: etcd's election and Patroni's leader key may take one of them. */
export function soon(what: string, holds: () => boolean): void {
  const deadline = Date.now() + 180_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, `not within three minutes: ${what}`);
    spawnSync('sleep', ['0.3']);
  }
}

/** The recap's lines, one for each host. */
export function recapOf({ all }: Ended): string[] {
  return all.split('\n').filter((line) => /^db\d\s+: ok=/.test(line));
}

export function assertUnchanged(ended: Ended): void {
  const lines = recapOf(ended);
  assert.ok(lines.length > 0, ended.all.slice(-3000));
  for (const line of lines) assert.match(line, /changed=0 +unreachable=0 +failed=0/, ended.all.slice(-3000));
}
