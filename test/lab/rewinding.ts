// A cluster that is to be rewound on the lab: rows, a moment, and then most of them deleted.
import * as assert from 'node:assert/strict';
import {
  asPostgres,
  assertUntouched,
  backUp,
  clusterSettles,
  fanopsEnds,
  HOSTS,
  INVENTORY,
  leader,
  momentOn,
  onHost,
  SCRIPTS,
  sqlOn,
  textOn,
} from './on-lab.ts';

/** Goes on although a cluster works, and its data survives. */
export const ANYWAY = ['-e', 'discard_survivors=true'];
/** Rows at the moment, and after the mistake. */
export const [THEN, NOW] = ['1500', '200'];
const SECOND = '/var/lib/postgresql/15/second';

export class Rewinding {
  /** Who leads, and which other node is restored. */
  readonly leads: string;
  readonly target: string;
  /** The last moment before the mistake, as the document writes a time: without an offset, UTC. */
  readonly moment: string;
  readonly system: string;

  /** On a cluster that works: makes a backup, rows, and the mistake. */
  constructor() {
    clusterSettles();
    this.leads = leader();
    this.target = HOSTS.find((host) => host !== this.leads) ?? assert.fail();
    this.system = systemOf(this.leads);
    const sql = (statement: string): string => sqlOn(this.leads, statement);
    sql('drop table if exists orders; create table orders as select generate_series(1, 1000) as n');
    backUp(this.leads, '--verify');
    sql('insert into orders select generate_series(1001, 1500)');
    this.moment = momentOn(this.leads);
    sql('delete from orders where n > 200');
  }

  /** The arguments of fanops that rewind it. */
  run(at: string, ...more: readonly string[]): string[] {
    return [
      ...['run', 'playbooks/recover-cluster.yml', '-i', INVENTORY, '-e', `target=${this.target}`],
      ...['-e', `at=${at}`, '--yes', ...more],
    ];
  }

  get confirmed(): string[] {
    return ['--confirm', `rewind to ${this.moment}+00:00`, '--confirm', 'accept'];
  }

  /** The same system and rows; nothing of the runbook is left. */
  assertAsBefore(): void {
    clusterSettles();
    const leads = leader();
    assert.equal(systemOf(leads), this.system);
    assert.equal(sqlOn(leads, 'select count(*) from orders'), NOW);
    assertUntouched();
  }

  /** The rows of the moment on every node, where the target leads. */
  assertRewound(): void {
    clusterSettles();
    assert.equal(leader(), this.target);
    assert.equal(systemOf(this.target), this.system);
    for (const host of HOSTS) assert.equal(sqlOn(host, 'select count(*) from orders'), THEN, host);
    assertUntouched();
  }

  /** A second restore, to `latest`, beside the cluster and from the archives of all nodes, comes to these rows. */
  assertLatestHas(rows: string): void {
    const beside = ['run', 'playbooks/recover-pitr.yml', '-i', INVENTORY, '-e', `target=${this.target}`];
    fanopsEnds(6, ...beside, '-e', `at=${this.moment}`, '--yes', '--until', '1');
    asPostgres(this.target, `${SCRIPTS}/restore-full.sh latest --target-dir ${SECOND}`);
    asPostgres(
      this.target,
      `/usr/lib/postgresql/15/bin/pg_ctl -D ${SECOND} -w -l ${SECOND}/server.log start`,
    );
    const count = `psql -XAtq -h ${SECOND} -d postgres -c 'select count(*) from orders'`;
    assert.equal(asPostgres(this.target, count), rows, 'the rows of a second restore to latest');
    asPostgres(this.target, `/usr/lib/postgresql/15/bin/pg_ctl -D ${SECOND} -w stop`);
    onHost(this.target, `rm -r ${SECOND}`);
  }
}

/** Names and contents of all archives: sidecars hold the hashes of what they stand beside. */
export function archives(): string[] {
  const list = "cd /var/backups/fanatico && find full wal -name '*.json' -exec sha256sum {} + | sort";
  return HOSTS.flatMap((host) =>
    textOn(host, list)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `${host} ${line}`),
  );
}

export function systemOf(host: string): string {
  return sqlOn(host, 'select system_identifier from pg_control_system()');
}
