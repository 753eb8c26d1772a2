import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface AptProxyOptions {
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  /** Where packages are kept. */
  readonly cache: string;
  /** The hosts that are served, each with the scheme by which it is reached. */
  readonly upstreams: { readonly [host: string]: 'http:' | 'https:' };
  /** The outer machine's own proxy for apt, as `http://host:port`. */
  readonly via?: string;
}

/**
 * A forward proxy for apt inside the lab's hosts, which have no route and no DNS: GET and HEAD to the hosts of
 * the outer machine's own apt sources, nothing else. What never changes under its name is kept on disk.
 */
export function startAptProxy(options: AptProxyOptions): Promise<Server> {
  const fetching = new Map<string, Promise<void>>();
  const server = createServer((request, response) => {
    answer(options, fetching, request, response).catch((error: unknown) => {
      process.stderr.write(`${request.url}: ${error instanceof Error ? error.message : error}\n`);
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { 'content-type': 'text/plain' }).end(String(error));
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address, () => resolve(server));
  });
}

async function answer(
  options: AptProxyOptions,
  fetching: Map<string, Promise<void>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = URL.parse(request.url ?? '');
  if (url?.protocol !== 'http:') return refuse(response, 400, 'this is a forward proxy for http');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(response, 405, 'only GET and HEAD');
  const scheme = options.upstreams[url.host];
  if (scheme === undefined)
    return refuse(response, 403, `${url.host} is in none of the outer machine's apt sources`);
  url.protocol = scheme;
  const kept = request.method === 'GET' ? keptAs(options.cache, url) : undefined;
  if (kept === undefined) return handOn(options, url, request, response);
  if (!existsSync(kept)) {
    // Several hosts ask for the same package at the same time: it is fetched once.
    const running = fetching.get(kept) ?? fetchInto(options, url, kept).finally(() => fetching.delete(kept));
    fetching.set(kept, running);
    await running;
  }
  if (!existsSync(kept)) return handOn(options, url, request, response);
  response.writeHead(200, {
    'content-length': statSync(kept).size,
    'content-type': 'application/octet-stream',
  });
  await pipeline(createReadStream(kept), response);
}

/** The file that holds an answer for good: packages, and indexes named by their hash. */
function keptAs(cache: string, url: URL): string | undefined {
  const path = decodeURIComponent(url.pathname);
  if (path.split('/').includes('..') || url.search !== '') return undefined;
  return path.endsWith('.deb') || path.includes('/by-hash/') ? join(cache, url.host, path) : undefined;
}

/** Fetches into the cache; an answer other than 200, or one cut short, leaves nothing there. */
async function fetchInto(options: AptProxyOptions, url: URL, file: string): Promise<void> {
  const answered = await ask(options, url, 'GET', {});
  if (answered.statusCode !== 200) {
    answered.resume();
    return;
  }
  mkdirSync(dirname(file), { recursive: true });
  const beside = `${file}.${process.pid}.part`;
  try {
    await pipeline(answered, createWriteStream(beside));
    const length = answered.headers['content-length'];
    if (length !== undefined && statSync(beside).size !== Number(length)) throw new Error('cut short');
    renameSync(beside, file);
  } finally {
    rmSync(beside, { force: true });
  }
}

async function handOn(
  options: AptProxyOptions,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { 'proxy-connection': _, host: __, ...headers } = request.headers;
  const answered = await ask(options, url, request.method ?? 'GET', headers);
  response.writeHead(answered.statusCode ?? 502, answered.headers);
  await pipeline(answered, response);
}

function ask(
  options: AptProxyOptions,
  url: URL,
  method: string,
  headers: { readonly [name: string]: string | string[] | undefined },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent =
      url.protocol === 'https:'
        ? httpsRequest(url, { method, headers })
        : options.via === undefined
          ? httpRequest(url, { method, headers })
          : httpRequest(options.via, { method, path: url.href, headers: { ...headers, host: url.host } });
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.setTimeout(60_000, () => sent.destroy(new Error('no answer for 60 s')));
    sent.end();
  });
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(`${reason}\n`);
}
