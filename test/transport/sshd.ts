import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../src/core/host.ts';
import type { TransportSettings } from '../../src/transport/settings.ts';
import { freePort } from '../support/free-port.ts';

/** A real sshd on 127.0.0.1, with keys, directories and a port of its own. */
export interface TestSshd {
  readonly dir: string;
  readonly port: number;
  readonly settings: TransportSettings;
  /** This machine by ssh, with host state in a directory of this sshd. */
  host(changes?: Partial<Host>): Host;
  /** Kills the connections that stand, as a network would. */
  stop(): Promise<void>;
}

/** `within` gives the words that start a program in surroundings of its own, from the directory of this sshd. */
export async function startSshd(within: (dir: string) => readonly string[] = () => []): Promise<TestSshd> {
  if (!existsSync('/usr/sbin/sshd')) throw new Error('sshd is missing: apt-get install openssh-server');
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const dir = mkdtempSync(join(tmpdir(), 'fanops-sshd-'));
  for (const name of ['host', 'id', 'other'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, name)]);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'secret', '-f', join(dir, 'encrypted')]);
  writeFileSync(join(dir, 'authorized_keys'), readFileSync(join(dir, 'id.pub')));
  const port = await freePort(1, 5);
  writeFileSync(join(dir, 'known_hosts'), knownHostsLine(dir, port));
  writeFileSync(join(dir, 'sshd_config'), sshdConfig(dir, port));
  const [program = '', ...words] = [
    ...within(dir),
    '/usr/sbin/sshd',
    '-D',
    '-e',
    '-f',
    join(dir, 'sshd_config'),
  ];
  const sshd = spawn(program, words, { stdio: 'ignore' });
  await listening(port, sshd);
  return {
    dir,
    port,
    settings: {
      agentSocket: '',
      identityFiles: [join(dir, 'id')],
      knownHostsFiles: [join(dir, 'known_hosts')],
    },
    host: (changes = {}) => ({
      name: 'here',
      index: 0,
      connection: 'ssh',
      address: '127.0.0.1',
      port,
      user: userInfo().username,
      knownHostsFiles: [],
      become: false,
      stateDir: join(dir, 'state'),
      runDir: join(dir, 'run'),
      ...changes,
    }),
    async stop() {
      const ended = new Promise((resolve) => sshd.once('exit', resolve));
      sshd.kill('SIGTERM');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export function knownHostsLine(dir: string, port: number): string {
  const [type, key] = readFileSync(join(dir, 'host.pub'), 'utf8').split(' ');
  return `[127.0.0.1]:${port} ${type} ${key}\n`;
}

function sshdConfig(dir: string, port: number): string {
  return [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${join(dir, 'host')}`,
    `AuthorizedKeysFile ${join(dir, 'authorized_keys')}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin yes',
    'MaxStartups 100',
    'LogLevel ERROR',
    '',
  ].join('\n');
}

async function listening(port: number, sshd: ChildProcess): Promise<void> {
  while (sshd.exitCode === null) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await sleep(30);
  }
  throw new Error(`sshd on port ${port} ended with status ${sshd.exitCode}`);
}
