// What clients of the S3 server see: Ceph's gateway, its error answers put right where AWS says more. Bodies, the host
// and signed headers pass through untouched.
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** Listens on 127.0.0.1 and on the addresses, each from when this machine has it: a lab's bridge may come later. */
export async function startFront(
  port: number,
  gatewayPort: number,
  addresses: readonly string[],
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const forward = (from: IncomingMessage, to: ServerResponse) => pass(from, to, agent, gatewayPort);
  await listen(forward, port, '127.0.0.1');
  for (const address of addresses) void listenOnceThere(forward, port, address);
}

type Forward = (from: IncomingMessage, to: ServerResponse) => void;

function listen(forward: Forward, port: number, address: string): Promise<void> {
  const server = createServer(forward);
  // Who waits for "100 Continue" before it sends a body is asked to go on.
  server.on('checkContinue', (from: IncomingMessage, to: ServerResponse) => {
    to.writeContinue();
    forward(from, to);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
}

async function listenOnceThere(forward: Forward, port: number, address: string): Promise<void> {
  for (;;) {
    try {
      return await listen(forward, port, address);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL') throw error;
      await sleep(500);
    }
  }
}

function pass(from: IncomingMessage, to: ServerResponse, agent: Agent, gatewayPort: number): void {
  const gateway = request(
    {
      host: '127.0.0.1',
      port: gatewayPort,
      method: from.method,
      path: from.url,
      headers: from.rawHeaders as unknown as string[],
      agent,
      setHost: false,
    },
    async (answer) => {
      const status = answer.statusCode ?? 502;
      if (status < 400 || from.method === 'HEAD') {
        to.writeHead(status, answer.rawHeaders);
        answer.pipe(to);
        return;
      }
      const body = likeAws(await text(answer), from.url ?? '');
      const { 'transfer-encoding': _, ...headers } = answer.headers;
      to.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
      to.end(body);
    },
  );
  gateway.on('error', () => {
    if (!to.headersSent) to.writeHead(502);
    to.destroy();
  });
  to.on('close', () => gateway.destroy());
  from.pipe(gateway);
}

/** Debian's awscli breaks off on an empty message and hides the code; of an unknown upload Ceph says NoSuchKey. */
function likeAws(body: string, url: string): string {
  const code = /[?&]uploadId=/i.test(url)
    ? body.replace('<Code>NoSuchKey</Code>', '<Code>NoSuchUpload</Code>')
    : body;
  return code.replace(
    /<Code>([^<]+)<\/Code><Message(?:\/>|><\/Message>)/,
    '<Code>$1</Code><Message>$1</Message>',
  );
}
