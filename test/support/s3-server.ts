// A real S3 server of a test's own (docs/s3-server.md), as root.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

const SCRIPT = 'scripts/s3-server.sh';

export class S3Server {
  /** Not below /tmp, which may be in memory: the server keeps a disk here. */
  readonly dir = mkdtempSync('/var/tmp/fanops-s3-');
  readonly port: number;
  readonly #more: Readonly<Record<string, string>>;

  private constructor(port: number, more: Readonly<Record<string, string>>) {
    this.port = port;
    this.#more = more;
  }

  /** `more`: variables of docs/s3-server.md. */
  static async start(more: Readonly<Record<string, string>> = {}): Promise<S3Server> {
    const server = new S3Server(await freePort(5), more);
    server.up();
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  up(): void {
    this.script('up');
  }

  /** Objects stay; `up` brings them back. */
  down(): void {
    this.script('down');
  }

  remove(): void {
    this.script('down', '--purge');
    rmSync(this.dir, { recursive: true, force: true });
  }

  script(...args: readonly string[]): string {
    const env = {
      ...process.env,
      FANOPS_S3_DIR: join(this.dir, 'server'),
      FANOPS_S3_PORT: String(this.port),
      FANOPS_S3_ADDRESSES: '',
      ...this.#more,
    };
    return succeed(SCRIPT, args, env);
  }

  /** awscli with this server's keys; gives what it printed. */
  aws(...args: readonly string[]): string {
    const env = { PATH: '/usr/bin:/bin', ...S3_CREDENTIALS };
    return succeed('aws', ['--endpoint-url', this.endpoint, ...args], env);
  }

  /** All keys of a bucket, sorted. */
  keys(bucket: string): string[] {
    const said = this.aws('s3api', 'list-objects-v2', '--bucket', bucket, '--query', 'Contents[].Key');
    return (JSON.parse(said) ?? []).sort();
  }

  object(bucket: string, key: string): Buffer {
    const file = join(this.dir, 'object');
    this.aws('s3api', 'get-object', '--bucket', bucket, '--key', key, file);
    return readFileSync(file);
  }
}

export const S3_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'testak',
  AWS_SECRET_ACCESS_KEY: 'testsk',
  AWS_DEFAULT_REGION: 'us-east-1',
} as const;

function succeed(program: string, args: readonly string[], env: NodeJS.ProcessEnv): string {
  const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stderr}`);
  return stdout;
}
