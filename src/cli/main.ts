import { writeSync } from 'node:fs';
import { InputError, mistake } from '../core/diagnostic.ts';
import type { Outcome } from '../core/outcome.ts';
import { Unreachable } from '../core/session.ts';
import { isSet, parseArgs } from './args.ts';
import { commandIn, commandNames } from './commands.ts';
import { exitCode } from './exit-code.ts';

/** What a disk says to a file that is open already, and a directory to its reader: such an error names no path. */
const PATHLESS = ['ENOSPC', 'EDQUOT', 'EIO', 'EISDIR'];

for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedReader);
process.on('uncaughtException', async (error) => process.exit(exitCode(await explain(error))));
const code = await main(process.argv.slice(2));
await Promise.all([process.stdout, process.stderr].map(flushed));
process.exit(code);

/** What a reader has not taken yet would be lost with the process. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (stream.destroyed) resolve();
  else stream.write('', () => resolve());
  return promise;
}

/** Runs one command line; the only place that decides the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  try {
    return await run(argv);
  } catch (error) {
    return exitCode(await explain(error));
  }
}

async function run(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help')
    return showHelp(name, rest);
  if (name === '--version' || name === '-V') return showVersion();
  if (name === 'lab') return (await import('./lab.ts')).lab(rest);
  const found = commandIn(argv);
  if (!found) throw await unknownCommand(argv);
  const args = parseArgs(found.command.spec, found.rest);
  if (isSet(args, 'help')) return showHelp('help', argv);
  return exitCode(await (await found.command.load())(args));
}

/** Without any command the help is the answer to a mistake, and goes to stderr. */
async function showHelp(asked: string | undefined, rest: readonly string[]): Promise<number> {
  const { commandHelp, overviewHelp } = await import('./help.ts');
  const found = commandIn(rest);
  const text = found ? commandHelp(found.command.spec) : overviewHelp();
  if (asked === undefined) process.stderr.write(text);
  else process.stdout.write(text);
  return exitCode(asked === undefined ? 'mistake' : 'done');
}

async function showVersion(): Promise<number> {
  const { default: about } = await import('../../package.json', { with: { type: 'json' } });
  process.stdout.write(`fanops ${about.version}\n`);
  return exitCode('done');
}

async function unknownCommand([name = '', next = '']: readonly string[]): Promise<InputError> {
  const { nearest } = await import('../language/nearest.ts');
  const below = commandNames().filter((known) => known.startsWith(`${name} `));
  const near = nearest(`${name} ${next}`, below) ?? nearest(name, commandNames());
  const known = below.length > 0 ? below : commandNames();
  const hint = near === undefined ? `commands: ${known.join(', ')}` : `did you mean \`${near}\`?`;
  const asked = below.length > 0 && next !== '' ? `${name} ${next}` : name;
  return mistake(`there is no command \`${asked}\``, { hint });
}

/** Says why it ended: expected (what was given, a host out of reach), the outside world's, or a bug of ours. */
async function explain(error: unknown): Promise<Outcome> {
  if (error instanceof InputError) {
    const { diagnosticsText } = await import('../report/diagnostics.ts');
    const { stderrPaint } = await import('./console.ts');
    say(diagnosticsText(error.diagnostics, stderrPaint()));
    return 'mistake';
  }
  if (error instanceof Unreachable) {
    say(`unreachable: [${error.host}] ${error.message}\n`);
    return 'unreachable';
  }
  if (isFromOutside(error)) {
    say(`fanops: ${error.message}\n`);
    return 'mistake';
  }
  say(bugText(error));
  return 'bug';
}

/** A file that is missing or may not be read, a full disk: named by the system call that failed. */
function isFromOutside(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return false;
  return 'path' in error || PATHLESS.includes(String(error.code));
}

/** A reader that has seen enough (`fanops plan … | head`) is no failure of ours. */
function ignoreClosedReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

function bugText(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    'fanops: a bug in fanops, not a mistake of yours:',
    '',
    stack,
    '',
    'Please report it with the text above, the command line and `fanops --version`.',
    'Before you report it, look whether secrets stand in it. What was running on hosts goes on; `fanops runs` lists the run, `fanops resume` takes it up again.',
    '',
  ].join('\n');
}

/** Straight to the file: a live display may still hold the stream. The exit code holds though nobody can read why. */
function say(text: string): void {
  try {
    writeSync(process.stderr.fd, text);
  } catch {}
}
