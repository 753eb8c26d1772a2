import type { Looked } from '../core/fact.ts';
import type { Secret } from '../core/secret.ts';
import { keyId } from './key-id.ts';

/** What one member's key file came to. */
export interface MemberKey {
  readonly member: string;
  readonly looked: Looked<Secret>;
}

export type AgreedKey = { readonly key: Secret; readonly id: string } | { readonly problem: string };

/** The one key that all members hold, or why there is none: whoever differs is named. */
export function agreedKey(path: string, seen: readonly MemberKey[]): AgreedKey {
  const keys: { readonly member: string; readonly key: Secret; readonly id: string }[] = [];
  for (const { member, looked } of seen) {
    if (looked.state === 'unreadable') return { problem: `${member}: ${looked.reason}` };
    if (looked.state === 'absent')
      return {
        problem: `${member} has no key at ${path}: apply install.yml, which gives every member the same one`,
      };
    if (looked.value.expose().trim() === '') return { problem: `the key ${path} on ${member} is empty` };
    keys.push({ member, key: looked.value, id: keyId(looked.value) });
  }
  const [first] = keys;
  if (!first) return { problem: 'the group has no members' };
  const other = keys.find(({ id }) => id !== first.id);
  if (other)
    return {
      problem:
        `${first.member} and ${other.member} hold different keys at ${path} (${first.id} and ${other.id}): ` +
        'find out which one the backups were made with (key_id in their .json), and move the other away',
    };
  return { key: first.key, id: first.id };
}
