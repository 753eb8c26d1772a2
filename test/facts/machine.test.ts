import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { machine } from '../../src/facts/machine.ts';
import { SCRATCH } from '../resources/stub-machine.ts';
import { lookAt } from './looking.ts';

const test = suite<{ dir: string }>('machine');

test.before.each((context) => {
  context.dir = mkdtempSync(join(SCRATCH, 'fanops-machine-'));
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

test("this machine says who it is, with the name of its member in Patroni's settings", ({ dir }) => {
  const path = join(dir, "it's $(x).yml");
  writeFileSync(path, 'scope: fanatico\nname: db1\npostgresql:\n  name: other\n');
  writeFileSync(join(dir, 'quoted.yml'), 'name: "db 2"\n');
  const [named, quoted, none] = lookAt(machine, [path, join(dir, 'quoted.yml'), join(dir, 'none.yml')]);
  assert.equal(named, {
    state: 'value',
    value: {
      hostname: hostname(),
      machineId: idOf('/etc/machine-id'),
      bootId: idOf('/proc/sys/kernel/random/boot_id'),
      patroniName: 'db1',
      trouble: '',
    },
  });
  assert.is(quoted?.state === 'value' && quoted.value.patroniName, 'db 2');
  assert.is(none?.state === 'value' && none.value.patroniName, '');
});

test('settings that cannot be read are not taken for none', ({ dir }) => {
  const [seen] = lookAt(machine, [dir]);
  assert.is(seen?.state, 'value');
  if (seen?.state !== 'value') return;
  assert.equal([seen.value.hostname, seen.value.patroniName], [hostname(), '']);
  assert.match(seen.value.trouble, /^sed: .*directory/);
});

function idOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

test.run();
