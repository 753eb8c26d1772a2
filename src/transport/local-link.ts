import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type Channel, type Exit, type Link, Lost } from './link.ts';

/** This machine as a host: the same programs, in children of this process. */
export function localLink(): Link {
  const running = new Set<Channel>();
  const sockets: { readonly stdin: Socket; readonly outputs: readonly Socket[] }[] = [];
  return {
    waits: { connect: 0, open: 0 },
    bytes: () => ({
      sent: sum(sockets.map((s) => s.stdin.bytesWritten)),
      received: sum(sockets.flatMap((s) => s.outputs.map((o) => o.bytesRead))),
    }),
    async open(commandLine) {
      const child = await startShell(commandLine);
      sockets.push({
        stdin: child.stdin as Socket,
        outputs: [child.stdout as Socket, child.stderr as Socket],
      });
      const channel = channelOf(child);
      running.add(channel);
      void channel.closed.then(() => running.delete(channel));
      return channel;
    },
    async close() {
      const closing = [...running];
      for (const channel of closing) channel.destroy();
      await Promise.all(closing.map((channel) => channel.closed));
    },
  };
}

/** In a process group of its own, so that ^C at the terminal reaches fanops alone. */
async function startShell(commandLine: string): Promise<ChildProcessWithoutNullStreams> {
  const child = spawn('/bin/sh', ['-c', commandLine], { cwd: '/', detached: true });
  child.stdin.on('error', () => undefined);
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw new Lost('no shell could be started on this machine', { cause });
  }
  return child;
}

function channelOf(child: ChildProcessWithoutNullStreams): Channel {
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    closed: new Promise<Exit>((resolve) =>
      child.once('close', (status, signal) => resolve({ status, signal })),
    ),
    destroy() {
      child.kill('SIGKILL');
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
