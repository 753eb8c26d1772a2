// recover-pitr.yml restores beside the cluster: never into its data directory, wherever that is.
import { resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inFolder, localHost } from './folder.ts';
import { fanopsIn as fanops } from './program.ts';

const RUNBOOK = resolve('playbooks/recover-pitr.yml');
const HOSTS = `all: { children: { db: { hosts: { db1: ${localHost('/tmp')} } } } }`;

function planned(...directories: readonly string[]) {
  const given = ['target=db1', 'at=2026-01-29 12:00:00', ...directories].flatMap((one) => ['-e', one]);
  return inFolder({ 'hosts.yml': HOSTS }, (folder) =>
    fanops(folder, 'plan', RUNBOOK, '-i', 'hosts.yml', ...given),
  );
}

test('the data directory itself is refused, by the variable that says where it is', () => {
  const { stdout } = planned('data_directory=/srv/data', 'directory=/srv/data');
  assert.match(stdout, "/srv/data is the cluster's own data directory: give another one, -e directory=…");
  assert.not.match(planned('data_directory=/srv/data', 'directory=/srv/beside').stdout, 'own data directory');
});

test('a path that is written otherwise is refused with the one to write', () => {
  const { status, stderr } = planned('directory=/var/lib/postgresql/15/fanatico/');
  assert.is(status, 1);
  assert.match(stderr, 'the parameter `directory` must be a path without');
  assert.match(stderr, 'write /var/lib/postgresql/15/fanatico\n');
});

test.run();
