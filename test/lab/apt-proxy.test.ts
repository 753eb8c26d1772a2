import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startAptProxy } from '../../src/lab/apt-proxy.ts';

interface Context {
  mirror: Server;
  proxy: Server;
  cache: string;
  /** The paths that the mirror was asked for. */
  asked: string[];
}

const test = suite<Context>('apt proxy');

test.before.each(async (context) => {
  context.asked = [];
  context.cache = mkdtempSync(join(tmpdir(), 'fanops-apt-'));
  context.mirror = createServer((asked, response) => {
    context.asked.push(`${asked.method} ${asked.url}`);
    if (asked.url?.includes('missing')) response.writeHead(404).end('no such file');
    else if (asked.url?.includes('short')) {
      response.writeHead(200, { 'content-length': 100 }).write('half');
      setTimeout(() => response.destroy(), 20);
    } else response.writeHead(200, { 'content-length': 7 }).end('content');
  });
  await new Promise<void>((resolve) => context.mirror.listen(0, '127.0.0.1', resolve));
  const upstreams = { [hostOf(context.mirror)]: 'http:' as const };
  context.proxy = await startAptProxy({ address: '127.0.0.1', port: 0, cache: context.cache, upstreams });
});

test.after.each((context) => {
  for (const server of [context.mirror, context.proxy]) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(context.cache, { recursive: true, force: true });
});

function hostOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Asks the proxy as apt does; `cut` when the answer ended early. */
function ask(context: Context, path: string, host = hostOf(context.mirror), method = 'GET'): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(
      `http://${hostOf(context.proxy)}`,
      { method, path: `http://${host}${path}`, agent: false },
      (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve(`${response.statusCode} ${body}`));
        response.on('error', () => resolve('cut'));
      },
    );
    sent.on('error', () => resolve('cut'));
    sent.end();
  });
}

test('a package is fetched once, however many ask at the same time', async (context) => {
  const answers = await Promise.all([1, 2, 3].map(() => ask(context, '/pool/a_1%2b1.deb')));
  answers.push(await ask(context, '/pool/a_1%2b1.deb'));
  assert.equal(answers, Array(4).fill('200 content'));
  assert.is(context.asked.length, 1);
});

test('an index is asked for every time', async (context) => {
  for (const path of ['/dists/InRelease', '/dists/InRelease'])
    assert.is(await ask(context, path), '200 content');
  assert.is(context.asked.length, 2);
});

test('an error of the mirror is handed on and not kept', async (context) => {
  assert.is(await ask(context, '/missing.deb'), '404 no such file');
  assert.is(await ask(context, '/missing.deb'), '404 no such file');
});

test('a package that was cut short is not kept', async (context) => {
  assert.match(await ask(context, '/short.deb'), /^502/);
  assert.match(await ask(context, '/short.deb'), /^502/);
  assert.is(context.asked.length, 2);
});

test('other hosts and other methods are refused', async (context) => {
  assert.match(await ask(context, '/', 'elsewhere.example'), /^403 elsewhere.example/);
  assert.match(await ask(context, '/', undefined, 'POST'), /^405/);
  assert.is(context.asked.length, 0);
});

test('a path that climbs out of the cache is not kept there', async (context) => {
  await ask(context, '/a/%2e%2e/%2e%2e/%2e%2e/x.deb');
  await ask(context, '/..%2f..%2f..%2fx.deb');
  assert.is(context.asked.length, 2);
  await ask(context, '/..%2f..%2f..%2fx.deb');
  assert.is(context.asked.length, 3);
});

test.run();
