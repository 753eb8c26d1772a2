// What a recovery could alter on the hosts, for tests that it was refused before it altered anything.
import * as assert from 'node:assert/strict';
import { fanopsEnds, HOSTS, textOn } from './on-lab.ts';

const ARCHIVE = '/var/backups/fanatico';

/** Services, data directories, keys, settings, backups, marks; without etcd Patroni itself restarts PostgreSQL. */
export function fingerprint(): string[] {
  return HOSTS.map((host) =>
    textOn(
      host,
      `systemctl show --property=Id,MainPID patroni etcd; stat -c '%i %n' /var/lib/postgresql/15/*
       find /etc/fanatico /etc/patroni /etc/default/etcd /var/lib/etcd -maxdepth 2 -printf '%p %i %m %u\\n' | sort
       find ${ARCHIVE}/full ${ARCHIVE}/CLUSTER.json /var/lib/fanatico \\( -name '*.lock' -o -name '*upload-*' \\) -prune -o -printf '%p %s %m %u\\n' | sort
       cat /etc/fanatico/backup.key ${ARCHIVE}/CLUSTER.json | sha256sum`,
    ),
  );
}

/** `fanops …` is refused by a guard, in these words, and nothing is changed. */
export function refusedUntouched(args: readonly string[], says: RegExp): void {
  const before = fingerprint();
  const refused = fanopsEnds(5, ...args);
  assert.match(refused.all.replaceAll(/\s+/g, ' '), says);
  assert.match(refused.all, /done: +nothing/);
  assert.deepEqual(fingerprint(), before);
}
