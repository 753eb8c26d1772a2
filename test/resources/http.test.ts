import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../../src/core/secret.ts';
import { http } from '../../src/resources/http.ts';
import { waitFor } from '../../src/resources/wait-for.ts';
import { type Case, expectCases, expectRefusedArgs, refusal } from './cases.ts';
import { EchoServer } from './echo-server.ts';
import { HOSTILE_CONTENTS } from './specimens.ts';
import { apply, plan, SH } from './tiny-engine.ts';
import { facts } from './views.ts';

const test = suite<{ server: EchoServer }>('http');

test.before(async (context) => {
  context.server = await EchoServer.start();
});
test.after(({ server }) => server.stop());

const URL = 'http://127.0.0.1:1/a';

const CASES: readonly Case[] = [
  {
    title: 'asking changes nothing',
    args: { url: URL, timeout: '5s' },
    facts: facts(),
    change: { action: 'run', risk: 'reads', fields: [] },
    commands: [{ display: `GET ${URL}`, timeoutMs: 15_000 }],
    touches: [],
    registered: { status: 0, body: '', json: null, truncated: false },
  },
  {
    title: 'sending may change anything',
    args: { url: URL, method: 'DELETE' },
    facts: facts(),
    change: { action: 'run', risk: 'changes', fields: [] },
    commands: [{ display: `DELETE ${URL}` }],
    touches: [{ on: 'anything' }],
  },
  {
    title: 'a secret that is not known here is not sent',
    args: { url: URL, headers: { A: Secret.sealed('x') } },
    facts: facts(),
    change: refusal(/holds a secret whose value is not known here/),
  },
];
expectCases(test, http, CASES);

expectRefusedArgs(test, http, [
  {},
  { url: 'file:///etc/passwd' },
  { url: 'http://a b' },
  { url: 'http://a\nurl=b' },
  { url: URL, method: 'get' },
  { url: URL, headers: { 'a b': 'x' } },
  { url: URL, headers: { a: 'x\ny' } },
  { url: URL, body: 'x', json: {} },
  { url: URL, status: 20 },
]);

test('a secret does not smuggle another header in, though no schema sees it', () => {
  const { change } = plan(SH, http, { url: URL, headers: { A: Secret.open('x\nB: y') } });
  assert.is(change.reason, 'the header A holds the end of a line, or a NUL byte');
});

const HOSTILE = 'it\'s "$(id)" \\ \t ü %s @/etc/passwd\n# body\n-K';

test('whatever is sent arrives byte for byte', ({ server }) => {
  for (const content of [...HOSTILE_CONTENTS, '-d x', '@/etc/passwd', 'ten MiB\n'.repeat(1_310_720)])
    for (const body of [content, Secret.open(content)]) {
      const { results, registered } = apply(SH, http, { url: `${server.url}/digest`, method: 'PUT', body });
      assert.is(results[0]?.status, 0, results[0]?.stderr);
      const { json } = registered as { json: { body: string } };
      assert.is(json.body, createHash('sha256').update(content).digest('hex'), content.slice(0, 40));
    }
});

test('headers and body arrive as they are, and the answer is registered', ({ server }) => {
  const headers = {
    'X-Odd': 'it\'s "$(id)" \\ @x',
    'X-Empty': '',
    Authorization: Secret.open('Bearer hunter22'),
  };
  const args = { url: `${server.url}/200?a=[1-3]{b}`, method: 'POST', headers, body: HOSTILE };
  const { commands, results, registered } = apply(SH, http, args);
  assert.is(results[0]?.status, 0, results[0]?.stderr);
  const { json } = registered as { json: { headers: { [name: string]: string }; [key: string]: unknown } };
  assert.equal([json.method, json.url, json.body], ['POST', '/200?a=[1-3]{b}', HOSTILE]);
  assert.is(json.headers['x-odd'], headers['X-Odd']);
  assert.is(json.headers['x-empty'], '');
  assert.is(json.headers.authorization, 'Bearer hunter22');
  assert.not.match(JSON.stringify(commands.map((command) => ({ ...command, stdin: undefined }))), 'hunter22');
});

test('JSON is sent as such, secrets in it as well', ({ server }) => {
  const json = { list: [1, true, null], nested: { token: Secret.open('a"b') } };
  const { registered } = apply(SH, http, { url: server.url, method: 'PUT', json });
  const seen = (registered as { json: { body: string; headers: { [name: string]: string } } }).json;
  assert.is(seen.body, '{"list":[1,true,null],"nested":{"token":"a\\"b"}}');
  assert.is(seen.headers['content-type'], 'application/json');
});

test('ten megabytes arrive', ({ server }) => {
  const body = 'x'.repeat(10 * 1024 * 1024);
  const { registered } = apply(SH, http, { url: server.url, method: 'POST', body });
  assert.is((registered as { json: { body: string } }).json.body.length, body.length);
});

test('another status than wanted is a failure, and what was said is kept', ({ server }) => {
  const { results, registered } = apply(SH, http, { url: `${server.url}/503` });
  assert.is(results[0]?.status, 22);
  assert.is(results[0]?.stderr, 'expected HTTP status 2xx, found 503\n');
  assert.is((registered as { status: number }).status, 503);
  assert.is(apply(SH, http, { url: `${server.url}/503`, status: [200, 503] }).results[0]?.status, 0);
});

test('redirections are followed on request only', ({ server }) => {
  const url = `${server.url}/302`;
  assert.match(apply(SH, http, { url }).results[0]?.stderr ?? '', /found 302/);
  assert.is(apply(SH, http, { url, follow_redirects: true }).results[0]?.status, 0);
});

test('what is no JSON is a text', ({ server }) => {
  const { registered } = apply(SH, http, { url: `${server.url}/plain` });
  assert.equal(registered, { status: 200, body: 'plain\n', json: null, truncated: false });
});

test('nobody there, no curl there: said in words, and nothing is left behind', () => {
  const dir = mkdtempSync(join(tmpdir(), 'fanops-http-'));
  try {
    const env = { ...process.env, TMPDIR: dir };
    const { results } = apply({ ...SH, env }, http, { url: 'http://127.0.0.1:1/' });
    assert.is(results[0]?.status, 7);
    assert.match(results[0]?.stderr ?? '', /Failed to connect to 127\.0\.0\.1 port 1/);
    assert.equal(readdirSync(dir), []);
    mkdirSync(join(dir, 'bin'));
    for (const name of ['sh', 'mktemp', 'rm', 'cat', 'tail', 'tr'])
      symlinkSync(`/bin/${name}`, join(dir, 'bin', name));
    const bare = { shell: ['/bin/sh'], env: { PATH: join(dir, 'bin') } };
    const without = apply(bare, http, { url: 'http://127.0.0.1:1/' });
    assert.is(without.results[0]?.stderr, 'curl is not on this host: install it (package: {name: curl})\n');
    const waiting = plan(bare, waitFor, { url: 'http://127.0.0.1:1/' });
    assert.match(
      waitFor.met?.({ url: 'http://127.0.0.1:1/' }, waiting.facts).seen ?? '',
      /curl is not on this host/,
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});

const WAITS: readonly (readonly [string, object, boolean, RegExp])[] = [
  ['', {}, true, /answers 200$/],
  ['/503', {}, false, /answers 503$/],
  ['/503', { status: 503 }, true, /answers 503$/],
  ['', { status: 204 }, false, /answers 200$/],
  ['/plain', { body: '^pl.in$' }, true, /answers 200$/],
  ['/plain', { body: 'ready' }, false, /answers 200, and says "plain"$/],
];

for (const [path, wish, met, seen] of WAITS)
  test(`waiting for ${path || '/'} with ${JSON.stringify(wish)} is ${met ? '' : 'not '}over`, ({
    server,
  }) => {
    const args = { url: `${server.url}${path}`, ...wish };
    const { change, facts: looked } = plan(SH, waitFor, args);
    assert.is(change.action, met ? 'none' : 'run');
    assert.match(waitFor.met?.(args, looked).seen ?? '', seen);
  });

test('waiting for a page that nobody serves goes on, and says why', () => {
  const args = { url: 'http://127.0.0.1:1/', body: '(' };
  assert.match(plan(SH, waitFor, args).change.reason ?? '', /body is not a regular expression/);
  const { facts: looked } = plan(SH, waitFor, { url: args.url });
  assert.match(waitFor.met?.({ url: args.url }, looked).seen ?? '', /Failed to connect/);
});

test.run();
