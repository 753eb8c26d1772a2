import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { content } from '../../src/facts/content.ts';
import { directoryEntries } from '../../src/facts/directory-entries.ts';
import { group } from '../../src/facts/group.ts';
import { packageKind } from '../../src/facts/package.ts';
import { path } from '../../src/facts/path.ts';
import { place } from '../../src/facts/place.ts';
import { port } from '../../src/facts/port.ts';
import { factKinds } from '../../src/facts/registry.ts';
import { secretFile } from '../../src/facts/secret-file.ts';
import { unit } from '../../src/facts/unit.ts';
import { user } from '../../src/facts/user.ts';
import { answerOf, lookAt } from './looking.ts';

const UNIT = (load: string) =>
  `LoadState=${load}\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNeedDaemonReload=yes\nMainPID=42`;

function answer(stdout: string, status = 0, stderr = '') {
  return { status, stdout: Buffer.from(stdout), stderr };
}

test('every kind has a name of its own', () => {
  assert.is(new Set(factKinds.map((kind) => kind.name)).size, factKinds.length);
});

test('root is a user and a group of this machine, and others are absent', () => {
  const [root, nobodyEver] = lookAt(user, ['root', 'nobody-ever']);
  assert.equal(root?.state === 'value' && [root.value.uid, root.value.gid, root.value.group], [0, 0, 'root']);
  assert.is(nobodyEver?.state, 'absent');
  assert.equal(
    lookAt(group, ['nobody-ever', 'root']).map((g) => g.state),
    ['absent', 'value'],
  );
});

test('a host whose accounts or packages cannot be asked is unreadable', () => {
  const env = { PATH: '/nonexistent' };
  for (const looked of [...lookAt(user, ['root'], { env }), ...lookAt(group, ['root'], { env })])
    assert.is(looked.state, 'unreadable');
  assert.is(lookAt(packageKind, ['bash'], { env })[0]?.state, 'unreadable');
  assert.is(lookAt(unit, ['ssh.service'], { env })[0]?.state, 'unreadable');
});

test('packages are read by name, by name and architecture, and by their state', () => {
  const rows = 'libc6\tlibc6:amd64\tii \t2.36\njq\tjq\trc \t1.6\nvim\tvim\thi \t9.0\nend 1\n';
  const looked = packageKind.parse(answer(rows), ['libc6', 'libc6:amd64', 'jq', 'vim', 'nano']);
  assert.equal(
    looked.map((one) => (one.state === 'value' ? one.value : one.state)),
    [
      { version: '2.36', held: false },
      { version: '2.36', held: false },
      'absent',
      { version: '9.0', held: true },
      'absent',
    ],
  );
  const broken = packageKind.parse(answer('end 2\n', 0, 'dpkg-query: error: database is damaged'), ['jq']);
  assert.match(broken[0]?.state === 'unreadable' ? broken[0].reason : '', /database is damaged/);
});

test('units are told apart by their place in the answer', () => {
  const [known, unknown] = unit.parse(answer(`${UNIT('loaded')}\n\n${UNIT('not-found')}\n`), [
    'a.service',
    'b.service',
  ]);
  assert.equal(known?.state === 'value' && known.value, {
    load: 'loaded',
    active: 'active',
    sub: 'running',
    file: 'enabled',
    needsReload: true,
    mainPid: 42,
  });
  assert.is(unknown?.state, 'absent');
  const short = unit.parse(answer(`${UNIT('loaded')}\n`), ['a.service', 'b.service']);
  assert.equal(
    short.map((one) => one.state),
    ['unreadable', 'unreadable'],
  );
});

test('a port is open, refused, or not reachable', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const open = typeof address === 'object' && address ? address.port : 0;
  const subjects = [
    { host: '127.0.0.1', port: open },
    { host: '127.0.0.1', port: 1 },
    { host: 'no-such-host.invalid', port: 1 },
  ];
  // The kernel accepts for a server that listens, so this works while Node waits.
  const [yes, refused, unknown] = lookAt(port, subjects);
  server.close();
  assert.equal(yes, { state: 'value', value: { open: true, reason: '' } });
  assert.equal(refused, { state: 'value', value: { open: false, reason: 'Connection refused' } });
  assert.is(unknown?.state === 'value' && unknown.value.open, false);
});

test('subjects stay words, whatever they hold', () => {
  const marker = join(tmpdir(), `fanops-pwned-${process.pid}`);
  const evil = `/x'; touch ${marker}; echo '$(touch ${marker})`;
  for (const kind of [content, directoryEntries, group, packageKind, place, secretFile, unit, user])
    answerOf(kind.look([evil]).script);
  answerOf(path.look([{ path: evil, follow: true, sum: true }]).script);
  answerOf(port.look([{ host: evil, port: 1 }]).script);
  assert.not(existsSync(marker));
});

test.run();
