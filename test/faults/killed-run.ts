import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BIN = new URL('../../bin/fanops', import.meta.url).pathname;
const ENV = { PATH: process.env.PATH, HOME: process.env.HOME };
const HOSTS = ['h1', 'h2'];

/** A project of its own, with hosts that are folders of this machine. */
export class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'fanops-kill-'));

  constructor(playbook: string) {
    for (const host of HOSTS) mkdirSync(join(this.folder, host));
    const hosts = Object.fromEntries(
      HOSTS.map((host) => [
        host,
        {
          ansible_connection: 'local',
          fanops_state_dir: join(this.folder, host, 'state'),
          fanops_run_dir: join(this.folder, host, 'run'),
          root: join(this.folder, host),
        },
      ]),
    );
    writeFileSync(join(this.folder, 'fanops.yml'), 'inventory: hosts.yml\n');
    writeFileSync(join(this.folder, 'hosts.yml'), JSON.stringify({ all: { hosts } }));
    writeFileSync(join(this.folder, 'play.yml'), playbook);
  }

  fanops(...argv: string[]) {
    const ended = spawnSync(BIN, argv, { cwd: this.folder, env: ENV, input: '', encoding: 'utf8' });
    return { status: ended.status, stdout: ended.stdout, stderr: ended.stderr };
  }

  /** Kills the controller as soon as its journal has so many lines. Says whether it was still there to be killed. */
  killedAt(lines: number, ...argv: string[]): Promise<boolean> {
    return this.killedWhen(() => this.lines() >= lines, ...argv);
  }

  async killedWhen(isTime: () => boolean, ...argv: string[]): Promise<boolean> {
    const child = spawn(BIN, argv, { cwd: this.folder, env: ENV, stdio: ['ignore', 'ignore', 'ignore'] });
    const closed = once(child, 'close');
    let isOver = false;
    void closed.then(() => {
      isOver = true;
    });
    while (!isOver && !isTime()) await sleep(1);
    child.kill('SIGKILL');
    const [, signal] = await closed;
    return signal === 'SIGKILL';
  }

  /** How many lines the newest journal has. */
  lines(): number {
    const file = this.journal();
    return file === undefined ? 0 : readFileSync(file, 'utf8').split('\n').length - 1;
  }

  journal(): string | undefined {
    const runs = join(this.folder, '.fanops/runs');
    if (!existsSync(runs)) return undefined;
    const id = readdirSync(runs)
      .filter((name) => !name.startsWith('.'))
      .at(-1);
    const file = id && join(runs, id, 'journal.jsonl');
    return file !== undefined && existsSync(file) ? file : undefined;
  }

  /** What a file of each host holds; empty where it is missing. */
  read(name: string): string[] {
    return HOSTS.map((host) => {
      const file = join(this.folder, host, name);
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    });
  }

  pending(): string[] {
    return HOSTS.flatMap((host) => {
      const folder = join(this.folder, host, 'state/handlers');
      return existsSync(folder) ? readdirSync(folder) : [];
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
