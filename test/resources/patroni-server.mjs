// A Patroni's REST interface that keeps a configuration, as 3.0.2 does. Says its port. Takes JSON of {config, pending,
// members, refuse}: with `pending`, a change marks the members; with `refuse`, it is refused.
import { createServer } from 'node:http';

const given = JSON.parse(process.argv[2]);
const { config = {}, pending = false, refuse = false, replication = [] } = given;
let marked = false;

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    if (request.method === 'PATCH' && refuse) return answer(response, 400, 'no');
    if (request.method === 'PATCH') {
      patch(config, JSON.parse(body));
      marked = pending;
      return answer(response, 200, config);
    }
    if (request.url === '/config') return answer(response, 200, config);
    if (request.url === '/cluster') return answer(response, 200, { members: members() });
    return answer(response, 200, {
      state: 'running',
      role: 'master',
      timeline: 1,
      pending_restart: marked,
      patroni: { scope: 'c' },
      replication,
    });
  });
});

function members() {
  const url = `http://127.0.0.1:${server.address().port}/patroni`;
  const list = given.members ?? [{ name: 'db1', role: 'leader', state: 'running', timeline: 1 }];
  return list.map((m) => ({
    api_url: url,
    host: '127.0.0.1',
    ...(marked ? { pending_restart: true } : {}),
    ...m,
  }));
}

/** Patroni's patch_config: null removes, and what is the same as text is left alone. */
function patch(into, changes) {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete into[name];
    else if (name in into && isObject(value) && isObject(into[name])) patch(into[name], value);
    else if (!(name in into) || String(into[name]) !== String(value)) into[name] = value;
  }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
