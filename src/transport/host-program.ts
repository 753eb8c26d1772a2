import { readFileSync } from 'node:fs';
import type { Hello, Host } from '../core/host.ts';
import { quote } from '../core/shell.ts';
import { decodeHandler } from './handler-name.ts';

const PARTS = ['host-shared.sh', 'host-batch.sh', 'host-lease.sh', 'host-program.sh'];

/** The text of the program that answers our requests, and its first request: `hello`, or `ready` for its mark alone. */
export function hostProgram(nonce: string, host: Host, first: 'hello' | 'ready'): string {
  const settings = [`N=${quote(nonce)} S=${quote(host.stateDir ?? '')} R=${quote(host.runDir ?? '')}`];
  return `${[...settings, ...PARTS.map(load), first].join('\n')}\n`;
}

/** The text of the program that runs a batch. */
export function batchRunner(): string {
  return `${load('host-shared.sh')}\n${load('batch-runner.sh')}`;
}

/** What `sh -c` takes to run a script as another account; further words are the script's arguments. */
export function asAccount(script: string, account: string): string[] {
  return [`${load('host-shared.sh')}\nexec_as "$0" sh -c "$@"`, account, script, 'sh'];
}

/** What the program said at hello: of the host for everybody, and for our own use. */
export interface Greeting {
  readonly hello: Hello;
  readonly shellPid: number;
  readonly runDir: string;
}

export function parseGreeting(text: string): Greeting {
  const lines = text.split('\n').map((line) => splitAt(line, '='));
  const said = new Map(lines);
  const number = (name: string) => Number(said.get(name) ?? 0);
  return {
    shellPid: number('pid'),
    runDir: said.get('runDir') ?? '',
    hello: {
      hostname: said.get('hostname') ?? '',
      distribution: said.get('distribution') ?? '',
      codename: said.get('codename') ?? '',
      architecture: said.get('architecture') ?? '',
      kernel: said.get('kernel') ?? '',
      cpus: number('cpus'),
      memoryMb: number('memoryMb'),
      bootId: said.get('bootId') ?? '',
      uid: number('uid'),
      user: said.get('user') ?? '',
      systemd: said.get('systemd') === 'systemd',
      pendingHandlers: lines.filter(([name]) => name === 'pending').map(([, name]) => decodeHandler(name)),
    },
  };
}

function splitAt(line: string, separator: string): readonly [string, string] {
  const at = line.indexOf(separator);
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

/** The comments stay at home. */
function load(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8').replaceAll(/^\s*#.*\n/gm, '');
}
