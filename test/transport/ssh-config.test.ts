// What a configuration says is what OpenSSH itself reads in it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Host } from '../../src/core/host.ts';
import { readSshConfig } from '../../src/transport/ssh-config.ts';
import { withSshConfig } from '../../src/transport/ssh-places.ts';

interface Context {
  dir: string;
}

const test = suite<Context>("ssh's configuration");

test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'fanops-ssh-config-'));
});

test.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }));

function written(dir: string, text: string, name = 'config'): string {
  const file = join(dir, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

function host(changes: Partial<Host> = {}): Host {
  return {
    name: 'db1',
    index: 0,
    connection: 'ssh',
    address: 'db1',
    port: 22,
    user: 'root',
    assumed: ['port', 'user'],
    knownHostsFiles: [],
    become: false,
    ...changes,
  };
}

function placed(dir: string, text: string, changes: Partial<Host> = {}): Host {
  return withSshConfig([host(changes)], written(dir, text))[0] as Host;
}

const SAME: readonly string[] = [
  'Host db1\n  HostName %h.example.com\n  Port 2222\n  User deploy\n',
  'Host db*\nUser a\nHost db1\nUser b\nPort 7\n',
  'Host * !db1\nUser a\nHost db? !db2\nUser b\n',
  'Host other\nUser a\n',
  'User top\nHost db1\nUser b\n',
  'host DB1\nUser=b\n  PORT = 9\n',
  'Host db1 "db 2"\nHostName "10.0.0.1"\n',
  'Host db1\nProxyJump a,me@b:2222\n',
  'Host db1\nProxyJump none\nHost *\nProxyJump x\n',
  'Host db1\nIdentitiesOnly yes\n',
  'Match host db1\nUser m\n',
  'Match originalhost db1 user deploy\nPort 8\n',
  'Match user nobody\nPort 8\n',
  'Match !host db2\nPort 8\n',
  'Host db1\nHostName real\nMatch host real\nPort 8\nMatch host db1\nUser x\n',
  'Match all\nPort 8\n',
  'Include sub/*.conf\nHost db1\nUser later\nPort 5\n',
  'Host db1\nInclude sub/one.conf\nPort 6\n',
  'Host db2\nInclude sub/one.conf\nHost *\nPort 6\n',
  'Include nowhere/*\nPort 6\n',
  '# comment\n\n  # another\nHost db1 # not a comment for all\nUser u\n',
];

for (const [index, text] of SAME.entries())
  test(`reads number ${index + 1} as ssh does: ${text.trim().replaceAll('\n', ' | ')}`, ({ dir }) => {
    mkdirSync(join(dir, 'sub'));
    written(dir, 'User from-one\nHost db2\nPort 1\nHost db1\nPort 2\n', 'sub/one.conf');
    written(dir, 'Host db*\nUser from-two\nHostName two\n', 'sub/two.conf');
    const whole = text.replaceAll(/Include /g, `Include ${dir}/`);
    const file = written(dir, whole);
    const told = new Map(
      execFileSync('ssh', ['-G', '-F', file, '-l', 'deploy', 'db1'], { encoding: 'utf8' })
        .split('\n')
        .map((line) => [line.split(' ')[0], line.slice(line.indexOf(' ') + 1)]),
    );
    const options = readSshConfig(file).optionsFor('db1', 'deploy');
    const one = (keyword: string) => options.get(keyword)?.[0]?.[0];
    assert.is(
      withSshConfig([host({ user: 'deploy', assumed: ['port'] })], file)[0]?.address,
      told.get('hostname'),
    );
    assert.is(one('port') ?? '22', told.get('port'));
    const jump = one('proxyjump');
    assert.is(jump === 'none' ? undefined : jump, told.get('proxyjump'));
    assert.is(one('identitiesonly') ?? 'no', told.get('identitiesonly'));
  });

test('the inventory is stronger, what it leaves open comes from the configuration', ({ dir }) => {
  const text =
    'Host db1\nUser conf\nPort 2222\nUserKnownHostsFile ~/a %d/b\nIdentityFile ~/k\nIdentityFile %d/%r\n';
  const open = placed(dir, text);
  assert.is(open.user, 'conf');
  assert.is(open.port, 2222);
  assert.equal(open.knownHostsFiles, ['~/a', `${homedir()}/b`]);
  assert.equal(open.identityFiles, ['~/k', `${homedir()}/conf`]);
  const given = { user: 'inv', port: 22, assumed: [], knownHostsFiles: ['/k'], privateKeyFile: '/p' };
  const closed = placed(dir, text, given);
  assert.is(closed.user, 'inv');
  assert.is(closed.port, 22);
  assert.equal(closed.knownHostsFiles, ['/k']);
  assert.is(closed.privateKeyFile, '/p');
  assert.equal(placed(dir, ''), placed(dir, 'Host elsewhere\nUser x\n'));
  assert.is(placed(dir, '').user, 'root');
});

test('a chain of jump hosts is taken apart, each with what holds for it', ({ dir }) => {
  const text =
    'Host db1\nProxyJump a,me@b:77,[fe80::1]:78\nHost a\nHostName a.example\nUser ua\nPort 9\nProxyJump first\nHost b\nProxyJump ignored\n';
  const seen = placed(dir, text).jumps?.map((j) => `${j.user}@${j.address}:${j.port}`);
  const me = userInfo().username;
  assert.equal(seen, [`${me}@first:22`, 'ua@a.example:9', 'me@b:77', `${me}@fe80::1:78`]);
  assert.equal(
    placed(dir, text, { proxyJump: 'z' }).jumps?.map((j) => j.address),
    ['z'],
  );
  assert.is(placed(dir, text, { proxyJump: 'none' }).jumps, undefined);
});

test('what fanops does not do is refused, with what to write instead', ({ dir }) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['Host db1\nProxyCommand nc %h %p\n', /config: `ProxyCommand nc %h %p` holds for db1/],
    ['Match exec "true"\nUser x\n', /`Match exec true`: fanops cannot tell whether `exec` holds/],
    ['Match canonical\nUser x\n', /whether `canonical` holds/],
    ['Port zero\n', /expected a port from 1 to 65535, found `Port zero`/],
    ['Host db1\nIdentityFile "unclosed\n', /cannot be read as a configuration of ssh/],
    ['ProxyJump a b:c:d\n', /expected a jump host as \[user@\]host\[:port\], found/],
    ['Host a\nProxyJump b\nHost b\nProxyJump a\nHost db1\nProxyJump a\n', /circle: .*db1 -> a -> b/],
    [`Include ${'%'}CONFIG\n`, /Include goes deeper than 16 files/],
  ];
  for (const [text, expected] of cases)
    assert.throws(() => placed(dir, text.replace('%CONFIG', join(dir, 'config'))), expected, text);
  assert.is(placed(dir, 'ProxyCommand none\n').jumps, undefined);
  assert.is(placed(dir, 'Host db1\nProxyCommand nc\n', { connection: 'local' }).address, 'db1');
});

test.run();
