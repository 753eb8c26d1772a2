import { NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { contentFact } from '../facts/content.ts';
import { keyIdFact } from '../facts/key-id.ts';
import { absolutePath, object, text } from './parts/schema.ts';

export type EscrowFactsArgs = {
  readonly members: string;
  readonly key?: string;
  readonly marker?: string;
};

type Result = { readonly escrowed: boolean; readonly key_id: string; readonly reason: string };

const KEY = '/etc/fanatico/backup.key';
const MARKER = '/var/lib/fanatico/key-escrowed.json';

export const escrowFacts: Resource<EscrowFactsArgs, Result> = {
  name: 'escrow_facts',
  kind: 'action',
  scope: 'cluster',
  onlyLooks: true,
  summary: 'Whether a copy of the backup key off the hosts was decrypted and found right. Changes nothing.',
  examples: [
    {
      title: 'A warning while the only copy of the key is on the nodes',
      yaml: `- name: Is a copy of the key elsewhere?
  escrow_facts: { members: db }
  register: escrow
- name: It is
  advise: { that: escrow.escrowed, msg: "{{escrow.reason}}" }
`,
    },
  ],
  schema: object(
    {
      members: text('The inventory group whose hosts hold the key, whatever the limit says.'),
      key: { ...absolutePath('Where they hold it.'), default: KEY },
      marker: {
        ...absolutePath('Where `fanops key verify-escrow` notes it on every member.'),
        default: MARKER,
      },
    },
    ['members'],
  ),
  result: object(
    {
      escrowed: {
        type: 'boolean',
        description: 'Every member holds the same key, and knows that its copy was decrypted.',
      },
      key_id: text('The id of the key; empty where it is not known, or not the same on all.'),
      reason: text('Why it does not count as escrowed, in one sentence; empty when it does.'),
    },
    ['escrowed', 'key_id', 'reason'],
  ),
  identity: ['members', 'key', 'marker'],
  membersFrom: 'members',
  address: ({ members, key = KEY }) => `escrow_facts ${members} ${key}`,
  needs: ({ key = KEY, marker = MARKER }) => [keyIdFact(key), contentFact(marker)],
  diff: () => NONE,
  commands: () => [],
  touches: () => [],
  registered: ({ key = KEY, marker = MARKER }, _change, _outputs, facts) => {
    const held = keysOf(key, facts);
    if ('problem' in held) return { escrowed: false, key_id: '', reason: held.problem };
    const reason = firstProblem(held.id, marker, facts) ?? '';
    return { escrowed: reason === '', key_id: held.id, reason };
  },
};

function keysOf(path: string, facts: FactView): { readonly id: string } | { readonly problem: string } {
  const ids = new Map<string, string>();
  for (const member of facts.members) {
    const looked = facts.get(keyIdFact(path), member);
    if (looked.state === 'unreadable') return { problem: `${member}: ${looked.reason}` };
    if (looked.state === 'absent') return { problem: `${member} has no key at ${path}` };
    ids.set(looked.value, member);
  }
  const [id = '', ...others] = ids.keys();
  if (others.length === 0) return { id };
  return { problem: `the members hold different keys at ${path}: ${[...ids.values()].join(' and ')}` };
}

function firstProblem(id: string, marker: string, facts: FactView): string | undefined {
  for (const member of facts.members) {
    const looked = facts.get(contentFact(marker), member);
    if (looked.state === 'unreadable') return `${member}: ${looked.reason}`;
    const noted = looked.state === 'value' ? notedId(looked.value.text ?? '') : undefined;
    if (noted === undefined) return `no copy of the key ${id} was seen to decrypt yet, says ${member}`;
    if (noted !== id) return `the copy that was seen to decrypt is of the key ${noted}, not of ${id}`;
  }
  return undefined;
}

function notedId(marker: string): string | undefined {
  try {
    const { key_id: id } = JSON.parse(marker) as { key_id?: unknown };
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
