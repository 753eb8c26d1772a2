// `lost` holds hosts of whatever group: how many nodes are left is counted among the nodes, not by a difference.
import { globSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

test('no runbook, nor what is written of them, subtracts the lost hosts of all groups from those of one', () => {
  const files = globSync(['playbooks/**/*.yml', 'docs/**/*.md', 'src/**/*.ts']);
  assert.ok(files.length > 0);
  assert.equal(
    files.filter((file) => /-\s*size\(lost\)/.test(readFileSync(file, 'utf8'))),
    [],
  );
});

test.run();
