import type { CommandResult } from '../core/command.ts';
import type { BatchCommand, BatchResult } from '../core/session.ts';
import { type BatchProgress, type CommandProgress, KEPT } from './batch-progress.ts';
import type { Contact } from './contact.ts';
import { encodeHandler } from './handler-name.ts';
import { batchRunner } from './host-program.ts';
import type { HostShell, Reply } from './host-shell.ts';
import { BadBody, type Body, bodiesOf, upload } from './stdin-body.ts';

/**
 * Starts a batch, or attaches to it where the stream broke, and follows it to its end: one round trip
 * beside the time that the work takes. Throws `Lost` or `ShellEnded`; then it is asked again.
 */
export async function runOverContact(contact: Contact, progress: BatchProgress): Promise<BatchResult> {
  const bodies = progress.isAccepted ? [] : bodiesOf(progress.batch.commands.map((c) => c.stdin));
  try {
    await sendUploads(contact, progress.batch.key, bodies);
  } catch (error) {
    if (!(error instanceof BadBody)) throw error;
    await (await contact.shell).request('unstage', [progress.batch.key]);
    return { outcome: 'refused', results: [], reason: error.message };
  }
  const shell = await contact.shell;
  const start = progress.isAccepted ? undefined : requestStart(shell, progress, bodies);
  const follows = progress.commands
    .filter((command) => command.result === undefined)
    .map((command) => ({ command, reply: requestFollow(shell, progress, command) }));
  const ending = shell.request('ending', [progress.batch.key]);
  if (start !== undefined) {
    const { status, words } = await start;
    if (status !== 0) return { outcome: 'refused', results: [], reason: words.replace(/^refused /, '') };
    progress.accept();
  }
  for (const { command, reply } of follows) await finish(contact, progress, command, await reply);
  const result = conclude(progress, (await ending).words);
  if (result.outcome !== 'in-doubt')
    void shell.request('forget', [progress.batch.key], { unawaited: true }).catch(() => undefined);
  return result;
}

async function sendUploads(contact: Contact, key: string, bodies: readonly Body[]): Promise<void> {
  const { runDir } = await (await contact.shell).greeting;
  await Promise.all(
    bodies.map(async (body, number) => {
      if (body.kind === 'uploaded') await upload(contact, body, `${runDir}/staged/${key}=up=${number}`);
    }),
  );
}

function requestStart(
  shell: HostShell,
  { batch, bootId }: BatchProgress,
  bodies: readonly Body[],
): Promise<Reply> {
  for (const [number, command] of batch.commands.entries()) {
    const body = bodies[number] ?? { kind: 'none', text: '' };
    const text = body.kind === 'uploaded' ? number : body.text;
    void shell.request('stage', [batch.key, number, command.script, body.kind, text]);
  }
  const spec = batch.commands.map(specLine).join('\n');
  return shell.request('start', [batch.key, bootId, batchRunner(), spec, batch.token ?? '-']);
}

/** What the runner reads of a command: id, seconds, account, handlers to note, handlers to strike. */
function specLine(command: BatchCommand): string {
  return [
    encodeHandler(command.id) || '-',
    Math.max(1, Math.ceil(command.timeoutMs / 1000)),
    command.as ?? '-',
    command.notes?.map(encodeHandler).join(',') || '-',
    command.strikes?.map(encodeHandler).join(',') || '-',
  ].join(' ');
}

function requestFollow(shell: HostShell, progress: BatchProgress, command: CommandProgress): Promise<Reply> {
  const { stdout, stderr } = command.received;
  return shell.request('follow', [progress.batch.key, command.number, stdout, stderr, KEPT], {
    onData: (stream, chunk) => progress.take(command, stream, chunk),
  });
}

/** Takes `end STATUS MS FLAGS`, `lost` (begun, but its end is not known) or `none` (not begun). */
async function finish(
  contact: Contact,
  progress: BatchProgress,
  command: CommandProgress,
  reply: Reply,
): Promise<void> {
  const [state, status, durationMs, flags = '', gone] = reply.words.split(' ');
  if (state !== 'end' && state !== 'lost') return;
  const isBig = flags.includes('big') && gone === undefined;
  const output = isBig ? await fetchEnds(contact, progress.batch.key, command) : received(command);
  progress.finish(command, {
    status: state === 'lost' || flags.includes('timed-out') ? null : Number(status),
    ...output,
    truncated: isBig || gone !== undefined || state === 'lost',
    durationMs: Number(durationMs ?? 0),
  });
}

type Output = Pick<CommandResult, 'stdout' | 'stderr'>;

function received({ chunks }: CommandProgress): Output {
  return {
    stdout: Buffer.concat(chunks.stdout).toString(),
    stderr: Buffer.concat(chunks.stderr).toString(),
  };
}

/** Of output that was too big: its beginning and its end, and how much is left out between. */
async function fetchEnds(contact: Contact, key: string, command: CommandProgress): Promise<Output> {
  const half = KEPT / 2;
  const reply = await contact.beside((shell) => shell.request('ends', [key, command.number, half, half]));
  const [outSize = 0, errSize = 0] = reply.words.split(' ').map(Number);
  return {
    stdout: withGap(reply.stdout, outSize - reply.stdout.length, half),
    stderr: withGap(reply.stderr, errSize - reply.stderr.length, half),
  };
}

function withGap(bytes: Buffer, missing: number, half: number): string {
  if (missing <= 0) return bytes.toString();
  return `${bytes.subarray(0, half)}\n... ${missing} bytes left out ...\n${bytes.subarray(half)}`;
}

function conclude(progress: BatchProgress, ending: string): BatchResult {
  const [outcome, ...why] = ending.split(' ');
  const results = progress.results();
  const last = progress.commands.findLast((c) => c.result !== undefined)?.command;
  switch (outcome) {
    case 'done':
    case 'failed':
      return { outcome, results };
    case 'timed-out':
      return { outcome, results, reason: `${last?.id} was ended after ${(last?.timeoutMs ?? 0) / 1000} s` };
    case 'cancelled':
      return { outcome, results, reason: 'it was cancelled' };
    case 'fenced':
      return { outcome, results, reason: why.join(' ') };
    case 'absent':
      return { outcome: 'refused', results, reason: 'the host knows nothing of it' };
    default:
      return { outcome: 'in-doubt', results, reason: why.join(' ') };
  }
}
