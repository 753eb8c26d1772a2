import { spawn } from 'node:child_process';
import { once } from 'node:events';

const BIN = new URL('../../bin/fanops', import.meta.url).pathname;

export interface Ended {
  readonly status: number;
  /** What the terminal was sent, without what moves its cursor. */
  readonly text: string;
}

/** Runs the whole program on a terminal made by script(1), in a folder that is its home, and answers each prompt in turn. */
export async function onTerminal(
  folder: string,
  command: string,
  prompt: string,
  answers: readonly string[],
): Promise<Ended> {
  const line = `stty cols 150 rows 40; exec "${BIN}" ${command}`;
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, TERM: 'xterm', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  // One that has ended by itself takes no answer: the test fails by what it wrote.
  child.stdin.on('error', () => undefined);
  let text = '';
  let answered = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const asked = text.split(prompt).length - 1;
    for (; answered < asked; answered += 1) child.stdin.write(`${answers[answered] ?? 'no'}\r`);
  });
  const [status] = await closed;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what moves the cursor begins with one
  return { status, text: text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r', '') };
}
