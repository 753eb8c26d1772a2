// A mount point cannot be renamed: whoever moves the cluster's data aside sees that in the first step, before anything is stopped.
import { globSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

test('every runbook that moves the data directory aside looks in its first step whether it can', () => {
  const runbooks = globSync('playbooks/*.yml')
    .map((file) => ({ file, text: readFileSync(file, 'utf8') }))
    // recover-pitr.yml moves aside only what it restored beside it.
    .filter(({ file, text }) => text.includes('recovery/move-aside.yml') && !file.includes('recover-pitr'));
  assert.ok(runbooks.length >= 4);
  for (const { file, text } of runbooks) {
    const [, first = ''] = text.split(/^ {2}- step: /m);
    assert.match(first, 'include_tasks: recovery/look-at-mounts.yml', file);
    assert.match(first, /- that: .*data_place\.mount_points/, file);
  }
});

test('so does whoever moves aside what etcd has', () => {
  const runbooks = globSync('playbooks/*.yml').filter((file) =>
    readFileSync(file, 'utf8').includes('recovery/etcd-aside.yml'),
  );
  assert.ok(runbooks.length >= 2);
  for (const file of runbooks) {
    const [, first = ''] = readFileSync(file, 'utf8').split(/^ {2}- step: /m);
    assert.match(first, /- that: .*etcd_place\.mount_points/, file);
  }
});

test.run();
