import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { mistake } from '../core/diagnostic.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Session } from '../core/session.ts';
import { sh } from '../core/shell.ts';
import { keyId } from '../escrow/key-id.ts';
import { type Args, lastOf } from './args.ts';
import { KEY_FILE, MARKER } from './key-options.ts';
import { keyOf, withMembers } from './members.ts';
import { readNamed } from './named-file.ts';

/** `fanops key verify-escrow`: decrypts, compares with the members' key, and notes on them that it was so. */
export async function verifyEscrow(args: Args): Promise<Outcome> {
  const { recipient, text } = await decrypted(args);
  const id = keyId(text);
  return withMembers(args, async (members) => {
    const found = await keyOf(members, lastOf(args, 'key') ?? KEY_FILE);
    if ('problem' in found) return failed(found.problem);
    if (found.key.expose().trim() !== text.expose().trim())
      return failed(
        `the file holds the key ${id}, and the hosts have ${found.id}: make a new one with fanops key escrow, ` +
          'and keep this one as long as there are backups made with its key',
      );
    const path = lastOf(args, 'marker') ?? MARKER;
    const marker = { schema: 'fanops/key-escrowed/1', key_id: id, recipient, verified_at: now() };
    const problems = await Promise.all(
      members.map((member) => note(member, path, `${JSON.stringify(marker, null, 2)}\n`)),
    );
    const [problem] = problems.filter((p) => p !== undefined);
    if (problem !== undefined) return failed(problem);
    process.stderr.write(
      `The key ${id} can be decrypted from the file by ${recipient}: noted on the hosts.\n`,
    );
    return 'done';
  });
}

async function decrypted(args: Args) {
  const [file = ''] = args.positionals;
  const identityFile = lastOf(args, 'identity');
  if (identityFile === undefined)
    throw mistake('`--identity` is missing', { hint: 'write --identity FILE, as age-keygen wrote it' });
  const { decryptWith, identitiesIn } = await import('../escrow/age.ts');
  const identities = identitiesIn(identityFile, readNamed(identityFile, 'an age identity'));
  return decryptWith(identities, file, readFileSync(file));
}

/** Replaces the marker whole; gives the reason when it could not. */
async function note(member: Session, path: string, marker: string): Promise<string | undefined> {
  const folder = posix.dirname(path);
  const script = sh`set -eu
[ -d ${folder} ] || { echo ${`${folder} is not there: apply install.yml first`} >&2; exit 1; }
t=$(mktemp ${folder}/.key-escrowed.XXXXXXXX)
trap 'rm -f -- "$t"' EXIT
cat >"$t"
chmod 0644 -- "$t"
sync -- "$t"
mv -T -- "$t" ${path}
sync -- ${folder}`;
  const { outcome, results, reason } = await member.run(
    {
      key: `key-escrowed-${now().replace(/\D/g, '')}-${randomBytes(4).toString('hex')}`,
      commands: [
        { id: 'mark', script: script.text, stdin: { kind: 'text', text: marker }, timeoutMs: 60_000 },
      ],
    },
    {},
  );
  if (outcome === 'done') return undefined;
  const said = results.at(-1)?.stderr.trim();
  return `${member.host.name}: the key is right, but ${path} was not written: ${reason ?? said ?? outcome}`;
}

function failed(problem: string): Outcome {
  process.stderr.write(`fanops: ${problem}\n`);
  return 'failed';
}

function now(): string {
  return new Date().toISOString();
}
