import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import type { SshPlace } from '../core/host.ts';
import { quote } from '../core/shell.ts';
import { HostKeyRefused } from './host-key-refused.ts';
import {
  judgeHostKey,
  type KnownHost,
  knownHostName,
  knownKeyTypes,
  parseKnownHosts,
} from './known-hosts.ts';
import { expandHome, type Settings } from './settings.ts';

/** What is known of one host's key, and the check of the key that it shows. */
export interface HostKeyCheck {
  /** Signature algorithms, those for the known keys first: else a host with several keys looks changed. */
  readonly algorithms: ServerHostKeyAlgorithm[];
  /** Throws `HostKeyRefused`. */
  accept(key: Buffer): void;
}

const ALGORITHMS: { readonly [type: string]: readonly ServerHostKeyAlgorithm[] } = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
};

/** Reads the known_hosts files of a place. */
export function hostKeyCheck(place: SshPlace, settings: Settings): HostKeyCheck {
  const files = (place.knownHostsFiles.length > 0 ? place.knownHostsFiles : settings.knownHostsFiles).map(
    expandHome,
  );
  const entries = files
    .filter((file) => existsSync(file))
    .flatMap((file) => parseKnownHosts(file, readFileSync(file, 'utf8')));
  const name = knownHostName(place.hostKeyAlias ?? place.address, place.port);
  const types = [...new Set([...knownKeyTypes(entries, name), ...Object.keys(ALGORITHMS)])];
  return {
    algorithms: types.flatMap((type) => ALGORITHMS[type] ?? []),
    accept(key) {
      const verdict = judgeHostKey(entries, name, key);
      if (verdict.state === 'known') return;
      const shown = `${keyType(key)} ${fingerprint(key)}`;
      if (verdict.state === 'revoked')
        throw new HostKeyRefused(
          `${name} shows the key ${shown}, which is revoked in ${where(verdict.entry)}`,
        );
      if (verdict.state === 'changed') throw new HostKeyRefused(changed(name, shown, verdict.entries));
      const line = `${name} ${keyType(key)} ${key.toString('base64')}`;
      const file = files[0];
      if (!settings.acceptNew || file === undefined)
        throw new HostKeyRefused(unknown(name, shown, line, files) + certificates(verdict.authorities));
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      appendFileSync(file, `${line}\n`, { mode: 0o600 });
    },
  };
}

/** As OpenSSH shows it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

function keyType(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString();
}

function where(entry: KnownHost): string {
  return `${entry.file}:${entry.line}`;
}

function changed(name: string, shown: string, entries: readonly KnownHost[]): string {
  const expected = entries.map((e) => `${e.type} ${fingerprint(Buffer.from(e.key, 'base64'))} (${where(e)})`);
  return (
    `THE HOST KEY OF ${name} HAS CHANGED. Expected ${expected.join(' or ')}, found ${shown}. ` +
    'Somebody may be listening in, or the host was installed anew. ' +
    `If you know that it was, remove the old key: ${entries.map((e) => `sed -i ${e.line}d ${quote(e.file)}`).join('; ')}`
  );
}

function certificates([first]: readonly KnownHost[]): string {
  if (first === undefined) return '';
  return ` (${where(first)} names an authority that vouches for it by certificates: fanops knows keys only)`;
}

function unknown(name: string, shown: string, line: string, files: readonly string[]): string {
  return (
    `the host key of ${name} is not known: it shows ${shown}. ` +
    'Compare it with the output of ssh-keygen -lf on the host; if it is the same: ' +
    `echo ${quote(line)} >> ${quote(files[0] ?? '~/.ssh/known_hosts')}`
  );
}
