import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A server in a process of its own, because tests wait for the programs that ask it. */
export class EchoServer {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(url: string, process: ChildProcess) {
    this.url = url;
    this.#process = process;
  }

  static async start(): Promise<EchoServer> {
    const child = spawn(process.execPath, [fileURLToPath(new URL('echo-server.mjs', import.meta.url))]);
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    return new EchoServer(`http://127.0.0.1:${port.toString().trim()}`, child);
  }

  async stop(): Promise<void> {
    this.#process.kill();
    await once(this.#process, 'exit');
  }
}
