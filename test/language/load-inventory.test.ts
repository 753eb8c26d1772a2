import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadInventory } from '../../src/language/load-inventory.ts';
import { inventory } from './load.ts';

test('hosts come in the order of the file, groups with the hosts of their children', () => {
  const { inventory: loaded } = inventory(`all:
  children:
    web: { hosts: { w1: , both: } }
    db:
      children:
        primary: { hosts: { d1: } }
        standby: { hosts: { d2: , both: } }
`);
  assert.equal(
    loaded.hosts.map((host) => host.name),
    ['w1', 'both', 'd1', 'd2'],
  );
  assert.equal(loaded.groups, {
    all: ['w1', 'both', 'd1', 'd2'],
    web: ['w1', 'both'],
    db: ['both', 'd1', 'd2'],
    primary: ['d1'],
    standby: ['both', 'd2'],
  });
});

test('a host is reached as its variables say, those of its groups included', () => {
  const { inventory: loaded } = inventory(`all:
  vars: { ansible_user: deploy, ansible_become: true, fanops_known_hosts: known }
  hosts:
    db1:
      ansible_host: 10.0.0.1
      ansible_port: 2222
      ansible_ssh_private_key_file: ~/.ssh/id
      fanops_known_hosts: [a, b]
    db2: { ansible_host: "{{inventory_hostname}}.example.com" }
    here: { ansible_connection: local, ansible_user: me, fanops_state_dir: /s, fanops_run_dir: /r }
`);
  const [db1, db2, here] = loaded.hosts;
  assert.equal(db1, {
    name: 'db1',
    index: 0,
    connection: 'ssh',
    address: '10.0.0.1',
    port: 2222,
    user: 'deploy',
    privateKeyFile: '~/.ssh/id',
    knownHostsFiles: ['a', 'b'],
    become: true,
  });
  assert.is(db2?.address, 'db2.example.com');
  assert.equal(db2?.knownHostsFiles, ['known']);
  assert.equal(
    [here?.connection, here?.address, here?.user, here?.stateDir, here?.runDir],
    ['local', 'localhost', 'me', '/s', '/r'],
  );
});

test('a host without variables is root at its own name', () => {
  const [host] = inventory('all: { hosts: { db1: } }').inventory.hosts;
  assert.equal([host?.address, host?.port, host?.user, host?.become], ['db1', 22, 'root', false]);
});

test('what has no effect is a warning', () => {
  const { warnings } = inventory(
    'all:\n  vars: { ansible_python_interpreter: /usr/bin/python3 }\n  hosts: { a: , b: }\n',
  );
  assert.equal(
    warnings.map(({ message, position }) => `${position?.line}:${position?.column} ${message}`),
    ['2:11 `ansible_python_interpreter` has no effect here'],
  );
});

test('anchors and aliases may be used, in JSON and in YAML', () => {
  const { layers } = inventory('all:\n  hosts:\n    a: &same { x: 1 }\n    b: *same\n');
  assert.equal(
    (layers.b?.own ?? []).flatMap((layer) => [...layer.keys()]),
    ['x'],
  );
  assert.is(inventory('{"all": {"hosts": {"a": {"x": {"y": [1]}}}}}').inventory.hosts.length, 1);
});

test('how a host is reached counts with the command line where it refers to it', () => {
  const text = 'all: {hosts: {db1: {net: "10.0", ansible_host: "{{net}}.0.1"}}}\n';
  const { inventory, layers } = loadInventory('i.yml', text, undefined, undefined, { net: '10.9' });
  assert.is(inventory.hosts[0]?.address, '10.9.0.1');
  assert.is(layers.db1?.implied.get('ansible_host')?.value, '10.9.0.1');
});

test.run();
