import { spawn } from 'node:child_process';
import { LabFailure } from './failure.ts';

export interface Ran {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: { readonly [name: string]: string };
  /** Milliseconds after which it is killed. Default: no limit. */
  readonly timeoutMs?: number;
}

/** Runs a program to its end, whatever its exit status. Throws only when it cannot be started. */
export function attempt(file: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: 'pipe',
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' }),
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', (cause) =>
      reject(new LabFailure(`${file} could not be started: ${cause.message}`, { cause })),
    );
    child.on('close', (status) =>
      resolve({ status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
    // A program that does not read its input must not take us down.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

/** Runs a program and returns its stdout; a status other than 0 is a failure with the end of its stderr. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const ran = await attempt(file, args, options);
  if (ran.status === 0) return ran.stdout;
  const said = tail(ran.stderr.trim() || ran.stdout.trim(), 15);
  throw new LabFailure(`"${[file, ...args].join(' ')}" ended with ${ran.status ?? 'a signal'}:\n${said}`);
}

function tail(text: string, count: number): string {
  return text.split('\n').slice(-count).join('\n');
}
