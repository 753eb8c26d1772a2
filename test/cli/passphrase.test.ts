import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startSshd, type TestSshd } from '../transport/sshd.ts';
import { onTerminal } from './on-terminal.ts';

const test = suite<{ sshd: TestSshd }>('a key with a passphrase, on a terminal');

test.before(async (context) => {
  const sshd = await startSshd();
  context.sshd = sshd;
  const { dir, port } = sshd;
  appendFileSync(join(dir, 'authorized_keys'), readFileSync(join(dir, 'encrypted.pub')));
  const h1 = {
    ansible_host: '127.0.0.1',
    ansible_port: port,
    ansible_user: userInfo().username,
    ansible_ssh_private_key_file: join(dir, 'encrypted'),
    fanops_known_hosts: join(dir, 'known_hosts'),
    fanops_state_dir: join(dir, 'state'),
    fanops_run_dir: join(dir, 'run'),
  };
  writeFileSync(join(dir, 'hosts.yml'), JSON.stringify({ all: { hosts: { h1 } } }));
  writeFileSync(join(dir, 'look.yml'), '- {hosts: h1, tasks: [{stat: /etc/passwd}]}\n');
});

test.after(({ sshd }) => sshd.stop());

const PLAN = 'plan look.yml -i hosts.yml --ssh-config none';

test('it is asked for once more when it was mistyped, and never shown', async ({ sshd }) => {
  const { status, text } = await onTerminal(sshd.dir, PLAN, 'passphrase of ', ['mistyped-4711', 'secret']);
  assert.is(status, 0, text);
  assert.is(text.split('passphrase of ').length - 1, 2);
  assert.not.match(text, 'mistyped-4711');
  assert.not.match(text, 'secret');
});

test('after three that do not open it, it says so', async ({ sshd }) => {
  const { status, text } = await onTerminal(sshd.dir, PLAN, 'passphrase of ', ['a', 'b', 'c']);
  assert.is(status, 1, text);
  assert.match(text, 'none of 3 passphrases opened the key');
});

test.run();
