import { connect, createServer, type Socket } from 'node:net';

/** A network between us and a port (of 127.0.0.1, if no other address is given) that delays, is cut, or swallows everything. */
export interface TestProxy {
  readonly port: number;
  /** Cuts every connection as soon as so many more bytes have gone that way, and calls. */
  cutAfter(way: 'up' | 'down', bytes: number, onCut: () => void): void;
  /** From now on nothing arrives on either side, and nobody is told. */
  swallow(on: boolean): void;
  cutNow(): void;
  /** From now on new connections are closed at once. */
  refuse(on: boolean): void;
  /** How many connections there were, and when there is none any more. */
  connections(): number;
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** `delayMs` goes by on either way. */
export async function startProxy(to: number, delayMs = 0, host = '127.0.0.1'): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let onIdle: (() => void) | undefined;
  let isHole = false;
  let isRefusing = false;
  const budget = { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY };
  let onCut: (() => void) | undefined;
  const cutNow = () => {
    budget.up = budget.down = Number.POSITIVE_INFINITY;
    for (const socket of sockets) socket.destroy();
    const call = onCut;
    onCut = undefined;
    call?.();
  };
  const forward = (from: Socket, target: Socket, way: 'up' | 'down') => {
    from.on('data', (chunk) => {
      if (isHole || budget[way] <= 0) return;
      const passed = chunk.subarray(0, Math.min(chunk.length, budget[way]));
      budget[way] -= passed.length;
      const deliver = () => target.writable && target.write(passed);
      if (budget[way] <= 0) target.write(passed, cutNow);
      else if (delayMs > 0) setTimeout(deliver, delayMs);
      else deliver();
    });
    from.on('end', () => target.end());
    from.on('error', () => target.destroy());
    from.on('close', () => target.destroy());
  };
  const server = createServer((near) => {
    if (isRefusing) {
      near.destroy();
      return;
    }
    connections += 1;
    const far = connect({ port: to, host, noDelay: true });
    near.setNoDelay(true);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once('close', () => {
        sockets.delete(socket);
        if (sockets.size === 0) onIdle?.();
      });
    }
    forward(near, far, 'up');
    forward(far, near, 'down');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    cutAfter(way, bytes, then) {
      budget[way] = bytes;
      onCut = then;
    },
    swallow(on) {
      isHole = on;
    },
    refuse(on) {
      isRefusing = on;
    },
    connections: () => connections,
    idle: () =>
      new Promise((resolve) => {
        onIdle = resolve;
        if (sockets.size === 0) resolve();
      }),
    cutNow,
    close: () =>
      new Promise((resolve) => {
        cutNow();
        server.close(() => resolve());
      }),
  };
}
