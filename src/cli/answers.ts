import { connect } from 'node:net';
import type { Host } from '../core/host.ts';

const PATRONI_PORT = 8008;
const PATIENCE_MS = 2_000;

/** How a host shows that it is not gone: it takes connections for ssh, or its Patroni does. */
export async function answers(host: Host): Promise<string | undefined> {
  if (host.connection === 'local') return 'it is this machine';
  const doors = [
    { port: host.port, what: 'ssh' },
    { port: PATRONI_PORT, what: 'Patroni' },
  ];
  const open = await Promise.all(doors.map(({ port }) => takesConnections(host.address, port)));
  const door = doors.find((_, index) => open[index]);
  return door && `${door.what} on ${host.address}:${door.port}`;
}

function takesConnections(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, timeout: PATIENCE_MS });
  const end = (open: boolean): void => {
    socket.destroy();
    resolve(open);
  };
  socket.once('connect', () => end(true));
  socket.once('timeout', () => end(false));
  socket.once('error', () => end(false));
  return promise;
}
