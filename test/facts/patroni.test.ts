import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { patroni } from '../../src/facts/patroni.ts';
import { answeredAt } from '../../src/facts/patroni-rest.ts';
import { viewFrom } from '../../src/facts/patroni-view.ts';
import { lookAt } from './looking.ts';
import { CLUSTER, OWN, serve, useServers, viewOf, type WithServers } from './patroni-server.ts';

const test = suite<WithServers>('patroni');
useServers(test);

for (const host of ['127.0.0.1', '127.0.0.53', '0.0.0.0'])
  test(`a Patroni that listens on ${host} is found and understood`, async ({ servers }) => {
    const port = await serve(servers, { patroni: OWN, cluster: CLUSTER, host });
    const [looked] = lookAt(patroni, [port]);
    assert.equal(looked, { state: 'value', value: viewOf(OWN.pending_restart) });
  });

test('a Patroni that starts answers 503 and is understood; one that talks nonsense is unreadable', async ({
  servers,
}) => {
  const starting = await serve(servers, {
    patroni: { state: 'starting', role: 'replica' },
    cluster: CLUSTER,
    status: 503,
  });
  const nonsense = await serve(servers, { patroni: '<html>', cluster: CLUSTER });
  const failing = await serve(servers, { patroni: OWN, cluster: CLUSTER, status: 404 });
  const [first, second, third] = lookAt(patroni, [starting, nonsense, failing]);
  assert.equal(first?.state === 'value' && [first.value.state, first.value.role], ['starting', 'replica']);
  assert.is(second?.state, 'unreadable');
  assert.match(third?.state === 'unreadable' ? third.reason : '', /HTTP status 404/);
});

test('how old its view of the others is, is told by its own clock', () => {
  const at = answeredAt('HTTP/1.0 200 OK\r\nDate: Thu, 26 Nov 2026 14:27:28 GMT\r\n\r\n{}');
  assert.is(viewFrom({ dcs_last_seen: 1795703239 }, {}, at).dcsAge, 9);
  assert.is(viewFrom({}, {}, at).dcsAge, null);
  assert.equal([viewFrom({}, { pause: true }).paused, viewFrom({}, {}).paused], [true, false]);
  assert.is(viewFrom({ dcs_last_seen: 1795703239 }, {}, answeredAt('HTTP/1.0 200 OK\r\n\r\n')).dcsAge, null);
});

test('where nobody listens, Patroni is absent', () => {
  assert.equal(lookAt(patroni, [1]), [{ state: 'absent' }]);
});

test('a host where the question fails is unreadable', () => {
  assert.is(lookAt(patroni, [1], { env: { PATH: '/nonexistent' } })[0]?.state, 'unreadable');
});

test.run();
