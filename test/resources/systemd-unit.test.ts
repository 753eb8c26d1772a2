import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemdUnit } from '../../src/resources/systemd-unit.ts';
import { SCRATCH, type StubMachine, stubMachine, unitFile } from './stub-machine.ts';
import { apply, plan } from './tiny-engine.ts';

const test = suite<{ machine: StubMachine; dir: string }>('systemd_unit');

test.before.each((context) => {
  context.machine = stubMachine();
  context.machine.write('units/etcd.service', unitFile());
  context.dir = mkdtempSync(join(SCRATCH, 'fanops-units-'));
});
test.after.each(({ machine, dir }) => {
  machine.remove();
  rmSync(dir, { recursive: true });
});

test('a drop-in makes its directory, and systemd reads its units again after it', ({ machine, dir }) => {
  const args = { name: 'etcd', drop_in: 'fanatico', content: '[Service]\n', directory: dir };
  const { results, after, registered } = apply(machine, systemdUnit, args);
  assert.equal(
    results.map((r) => r.status),
    [0, 0, 0],
  );
  assert.is(after.action, 'none');
  const path = join(dir, 'etcd.service.d/fanatico.conf');
  assert.equal(registered, { path });
  assert.is(readFileSync(path, 'utf8'), '[Service]\n');
  assert.equal(machine.calls(), ['systemctl daemon-reload']);
});

test('a unit that is as declared costs no call, and one that systemd has not read again costs one', ({
  machine,
  dir,
}) => {
  const args = { name: 'etcd', content: '[Service]\n', directory: dir };
  apply(machine, systemdUnit, args);
  assert.is(plan(machine, systemdUnit, args).change.action, 'none');
  machine.write('units/etcd.service', unitFile({ reload: 'yes' }));
  const { before, commands } = apply(machine, systemdUnit, args);
  assert.equal(
    before.fields.map((f) => f.field),
    ['daemon_reload'],
  );
  assert.is(commands.length, 1);
});

test('removing a drop-in is read again, too', ({ machine, dir }) => {
  const args = { name: 'etcd', drop_in: 'x.conf', content: '', directory: dir };
  apply(machine, systemdUnit, args);
  const { before, after } = apply(machine, systemdUnit, { ...args, state: 'absent' });
  assert.equal([before.action, after.action], ['delete', 'none']);
  assert.not(existsSync(join(dir, 'etcd.service.d/x.conf')));
  assert.is(machine.calls().length, 2);
});

test('where the directory of units is missing it is said', ({ machine, dir }) => {
  const args = { name: 'etcd', drop_in: 'x', content: '', directory: join(dir, 'none') };
  assert.match(plan(machine, systemdUnit, args).change.reason ?? '', /does not exist/);
});

test.run();
