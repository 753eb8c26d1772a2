// docs/recovery.md tells by their numbers which steps of recover-cluster.yml refuse a hole in the WAL where S3 is set up.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

test('the steps that refuse a hole where S3 is set up are those that the page names', () => {
  const [, ...steps] = readFileSync('playbooks/recover-cluster.yml', 'utf8').split(/^ {2}- step: /m);
  const looking = steps.flatMap((step, index) =>
    step.includes('include_tasks: recovery/see-restorable.yml') ? [index + 1] : [],
  );
  const marker = steps.findIndex((step) => step.includes('raise-marker.yml')) + 1;
  const [early, late] = looking;
  assert.is(looking.length, 2);
  const page = readFileSync('docs/recovery.md', 'utf8').replaceAll('\n', ' ');
  assert.match(page, `and step ${early} of \`recover-cluster.yml\`, before anything is stopped`);
  assert.match(
    page,
    `step ${early} is skipped, and it is step ${late} of \`recover-cluster.yml\` that refuses`,
  );
  assert.match(page, `the marker of step ${marker};`);
});

test.run();
