// A real S3 server on the lab's bridge, and the backup system of the hosts that uses it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveSettings } from '../../src/lab/state.ts';
import { S3Server } from '../support/s3-server.ts';
import { type Ended, fanopsEnds, INVENTORY, onHost, SCRIPTS } from './on-lab.ts';

export const BUCKET = 'fanatico-backups';

export class S3Lab {
  readonly s3: S3Server;
  readonly #folder = mkdtempSync(join(tmpdir(), 'fanops-s3-lab-'));
  readonly #variables = join(this.#folder, 's3.yml');

  private constructor(s3: S3Server, gateway: string) {
    this.s3 = s3;
    const settings = {
      s3_bucket: BUCKET,
      s3_region: 'us-east-1',
      s3_endpoint_url: `http://${gateway}:${s3.port}`,
      s3_access_key_id: 'testak',
      s3_secret_access_key: 'testsk',
    };
    writeFileSync(this.#variables, JSON.stringify(settings));
  }

  static async start(): Promise<S3Lab> {
    const { gateway } = resolveSettings({}, process.env);
    return new S3Lab(await S3Server.start({ FANOPS_S3_ADDRESSES: gateway }), gateway);
  }

  install(inventory = INVENTORY): Ended {
    const playbook = ['playbooks/install.yml', '-i', inventory];
    return fanopsEnds(0, 'apply', ...playbook, '--yes', '-e', `@${this.#variables}`);
  }

  /** What the host's archive holds now is in S3 when this ends. */
  uploadAll(host: string): void {
    onHost(
      host,
      `runuser -u postgres -- bash -s ${SCRIPTS}`,
      readFileSync('templates/recovery/see-uploaded.sh'),
    );
  }

  remove(): void {
    this.s3.remove();
    rmSync(this.#folder, { recursive: true });
  }
}
