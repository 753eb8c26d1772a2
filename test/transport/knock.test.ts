// Ports are knocked at from the last jump host, where there is one.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { knocker } from '../../src/transport/knock.ts';
import { freePort } from '../support/free-port.ts';
import { startSshd, type TestSshd } from './sshd.ts';

const test = suite<{ jump: TestSshd }>('knocking through a jump host');

test.before(async (context) => {
  context.jump = await startSshd();
});
test.after(({ jump }) => jump.stop());

test('an open port, a closed one, and a name that it does not know', async ({ jump }) => {
  const doors = [
    { address: '127.0.0.1', port: jump.port },
    { address: '127.0.0.1', port: await freePort(6, 9) },
    { address: 'db3.internal.invalid', port: 22 },
  ];
  const { address, port, user, knownHostsFiles } = jump.host();
  const place = { address, port, user, knownHostsFiles: [...knownHostsFiles] };
  for (const jumps of [[place], [place, place]]) {
    const [open, closed, unknown] = await knocker(jump.settings)(doors, jumps);
    assert.equal([open?.state, closed?.state, unknown?.state], ['open', 'silent', 'unknown']);
    assert.match(
      unknown?.state === 'unknown' ? unknown.why : '',
      new RegExp(
        `^jump host 127\\.0\\.0\\.1 port ${port}: it cannot reach db3\\.internal\\.invalid port 22: `,
      ),
    );
  }
});

test('where the jump host lets nobody in, nothing is known', async ({ jump }) => {
  const { address, port, user } = jump.host();
  const stranger = { address, port, user, knownHostsFiles: [], privateKeyFile: `${jump.dir}/other` };
  const settings = { ...jump.settings, identityFiles: [] };
  const [knocked] = await knocker(settings)([{ address, port }], [stranger]);
  assert.match(
    knocked?.state === 'unknown' ? knocked.why : '',
    /^jump host 127\.0\.0\.1 port \d+: .*accepts none of our keys/,
  );
});

test.run();
