import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InputError } from '../../src/core/diagnostic.ts';
import { readSettings, type WrittenSettings, writeSettings } from '../../src/lab/settings.ts';

test('without anything given there are db1 to db3 from .11 on', () => {
  const settings = readSettings({});
  assert.is(settings.gateway, '10.99.77.1');
  assert.equal(
    settings.hosts.map((host) => `${host.name} ${host.address}`),
    ['db1 10.99.77.11', 'db2 10.99.77.12', 'db3 10.99.77.13'],
  );
});

test('hosts are given by number or by name', () => {
  assert.is(readSettings({ hosts: '5' }).hosts.at(-1)?.name, 'db5');
  assert.equal(
    readSettings({ hosts: 'etcd,pg-a' }).hosts.map((host) => host.name),
    ['etcd', 'pg-a'],
  );
});

test('settings survive being written down', () => {
  const settings = readSettings({ hosts: 'a,b', network: '10.1.0.0/16', bridge: 'br7', aptPort: '4000' });
  assert.equal(readSettings(writeSettings(settings)), settings);
});

test('each mistake names the variable, what is expected and what was found', () => {
  const cases: [WrittenSettings, string][] = [
    [{ hosts: '0' }, 'FANOPS_LAB_HOSTS'],
    [{ hosts: 'a,a' }, 'FANOPS_LAB_HOSTS'],
    [{ hosts: 'apt' }, 'FANOPS_LAB_HOSTS'],
    [{ hosts: 'a;rm' }, 'FANOPS_LAB_HOSTS'],
    [{ network: '10.99.77.1/24' }, 'FANOPS_LAB_NETWORK'],
    [{ network: '10.99.77.0/28', hosts: '5' }, 'FANOPS_LAB_NETWORK'],
    [{ bridge: 'longer-than-that' }, 'FANOPS_LAB_BRIDGE'],
    [{ dir: '/' }, 'FANOPS_LAB_DIR'],
    [{ dir: '/home' }, 'FANOPS_LAB_DIR'],
    [{ dir: 'here' }, 'FANOPS_LAB_DIR'],
    [{ cache: '/var/a,b' }, 'FANOPS_LAB_CACHE'],
    [{ aptPort: '70000' }, 'FANOPS_LAB_APT_PORT'],
  ];
  for (const [written, variable] of cases) {
    const [value] = Object.values(written);
    try {
      readSettings(written);
      assert.unreachable(`${variable}=${value} was taken`);
    } catch (error) {
      assert.instance(error, InputError);
      assert.match((error as InputError).message, variable);
      assert.match((error as InputError).message, `found "${value}"`);
    }
  }
});

test('all mistakes are told at once', () => {
  try {
    readSettings({ hosts: '0', bridge: '', aptPort: 'x' });
    assert.unreachable();
  } catch (error) {
    assert.is((error as InputError).diagnostics.length, 3);
  }
});

test.run();
