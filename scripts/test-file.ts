import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { stripVTControlCharacters } from 'node:util';

/** What running one file of tests came to. A file that says nothing believable counts as one failure. */
export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  /** Why it counts as failed, when its own summary does not say. */
  readonly reason?: string;
  readonly output: string;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly output: string;
}

/** Runs one uvu file in a process of its own; after `timeoutMs` its whole process group is killed. */
export async function runFile(file: string, timeoutMs: number): Promise<FileResult> {
  const began = performance.now();
  const ended = await end(file, timeoutMs);
  const seconds = (performance.now() - began) / 1000;
  return { file, seconds, output: ended.output, ...judge(ended, timeoutMs) };
}

/**
 * Reads uvu's summary. uvu itself ends with 0 when a `before` hook throws and when a file forgets
 * `test.run()`, so every number has to add up; skipped tests and tests left out by `only` are failures.
 */
export function judge(
  ended: Ended,
  timeoutMs: number,
): Pick<FileResult, 'passed' | 'failed'> & { reason?: string } {
  const text = stripVTControlCharacters(ended.output);
  const total = lastNumber(text, 'Total');
  const passed = lastNumber(text, 'Passed') ?? 0;
  const skipped = lastNumber(text, 'Skipped') ?? 0;
  if (ended.timedOut)
    return { passed, failed: 1, reason: `not finished after ${timeoutMs / 1000} s, killed` };
  if (total === undefined)
    return { passed: 0, failed: 1, reason: `no summary of uvu (${how(ended)}); does it call test.run()?` };
  const failed = total - passed + skipped;
  if (total + skipped === 0) return { passed: 0, failed: 1, reason: 'it holds no test' };
  if (skipped > 0) return { passed, failed, reason: `${skipped} skipped; a test runs or is removed` };
  if (failed > 0 && ended.status === 0)
    return { passed, failed, reason: 'tests did not run: a before or after hook threw' };
  if (failed === 0 && ended.status !== 0)
    return { passed, failed: 1, reason: `all tests passed, but the process ended with ${how(ended)}` };
  return { passed, failed };
}

function end(file: string, timeoutMs: number): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const chunks: Buffer[] = [];
    let timedOut = false;
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid !== undefined) kill(child.pid);
    }, timeoutMs);
    let ended: Omit<Ended, 'output'> = { status: null, signal: null, timedOut: false };
    const finish = () => {
      if (child.pid !== undefined) kill(child.pid);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ ...ended, output: Buffer.concat(chunks).toString() });
    };
    child.on('exit', (status, signal) => {
      clearTimeout(timer);
      ended = { status, signal, timedOut };
      // `close` comes when all was read; a process left behind may hold the pipes open for ever.
      const patience = setTimeout(finish, 2000);
      child.on('close', () => {
        clearTimeout(patience);
        finish();
      });
    });
  });
}

/** Ends what is left of the test's process group. */
function kill(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // nothing was left
  }
}

function lastNumber(text: string, label: string): number | undefined {
  const found = [...text.matchAll(new RegExp(`^ {2}${label}: +(\\d+)$`, 'gm'))].at(-1)?.[1];
  return found === undefined ? undefined : Number(found);
}

function how(ended: Ended): string {
  return ended.signal === null ? `exit status ${ended.status}` : `signal ${ended.signal}`;
}
