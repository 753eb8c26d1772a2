import type { Answer } from '../core/fact.ts';
import { type Contact, isLoss } from './contact.ts';
import { type HostShell, type Reply, ShellEnded } from './host-shell.ts';

/** What `timeout` answers for a script that took too long. */
const TIMED_OUT = 124;
/** How much longer than the host we wait before we take it that it does not answer. */
const GRACE_MS = 5_000;

interface ProbeOptions {
  readonly timeoutMs: number;
  readonly as?: string;
}

/** In the shared shell: no process but a subshell. Asked again when another script killed that shell. */
export async function probeShared(contact: Contact, script: string, options: ProbeOptions): Promise<Answer> {
  const shell = await contact.shell;
  try {
    return await askWithTimeout(contact, shell, script, options.timeoutMs);
  } catch (error) {
    if (!(error instanceof ShellEnded)) throw error;
    contact.reopen(shell);
    if (!error.answering) return probeShared(contact, script, options);
    const status = error.exit.status ?? 128;
    return {
      status: status === 0 ? 128 : status,
      stdout: Buffer.alloc(0),
      stderr: `fanops: the script ended the shell it ran in: ${error.message}`,
    };
  }
}

/** In a shell beside, ended by the host itself: for what may hang, and for other accounts. */
export async function probeAside(contact: Contact, script: string, options: ProbeOptions): Promise<Answer> {
  return contact.beside(async (shell) => {
    const seconds = Math.max(0.1, options.timeoutMs / 1000);
    const began = performance.now();
    const reply = await shell.request('probe_apart', [seconds, options.as ?? '-', script], {
      timeoutMs: options.timeoutMs + GRACE_MS,
      onTimeout: () => shell.destroy(),
    });
    // A script that did not mind being asked to end was killed.
    const isKilled = reply.status === 137 && performance.now() - began >= options.timeoutMs;
    return answerOf(isKilled ? { ...reply, status: TIMED_OUT } : reply, options.timeoutMs);
  });
}

/** The host cannot end a script in the shared shell by itself: we have it killed, and the shell goes on. */
function askWithTimeout(
  contact: Contact,
  shell: HostShell,
  script: string,
  timeoutMs: number,
): Promise<Answer> {
  let late = false;
  const onTimeout = async () => {
    late = true;
    const giveUp = setTimeout(() => shell.destroy(), GRACE_MS);
    await contact.killHung(shell).catch((error: unknown) => {
      if (!isLoss(error)) throw error;
    });
    await shell.request('probe', [':'], { unawaited: true }).catch(() => undefined);
    clearTimeout(giveUp);
  };
  const reply = shell.request('probe', [script], { timeoutMs, onTimeout: () => void onTimeout() });
  return reply.then((r) => (late ? answerOf({ ...r, status: TIMED_OUT }, timeoutMs) : answerOf(r)));
}

function answerOf(reply: Reply, timeoutMs?: number): Answer {
  const stderr = reply.stderr.toString();
  if (timeoutMs === undefined || reply.status !== TIMED_OUT)
    return { status: reply.status, stdout: reply.stdout, stderr };
  return {
    status: TIMED_OUT,
    stdout: reply.stdout,
    stderr: `${stderr}fanops: no answer within ${timeoutMs / 1000} s\n`,
  };
}
