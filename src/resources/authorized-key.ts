import { blocked, type Change, NONE } from '../core/change.ts';
import type { Command } from '../core/command.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { lines, sh } from '../core/shell.ts';
import { authorizedKeysFact } from '../facts/authorized-keys.ts';
import { type Body, bodyOf, contentChange } from './parts/body.ts';
import { replaceFile } from './parts/replace.ts';
import { accountName, flag, object, oneOf, text } from './parts/schema.ts';
import { type KeyLine, keyLine, keyText } from './parts/ssh-key.ts';

export type AuthorizedKeyArgs = {
  readonly user: string;
  readonly key: string | readonly string[];
  readonly key_options?: string;
  readonly comment?: string;
  readonly exclusive?: boolean;
  readonly state?: 'present' | 'absent';
};

type Note = { readonly path: string; readonly text: string };

const KEY = { type: 'string', pattern: '^[^\\u0000]*\\S[^\\u0000]*$' } as const;

export const authorizedKey: Resource<AuthorizedKeyArgs, { readonly path: string }> = {
  name: 'authorized_key',
  kind: 'resource',
  scope: 'host',
  summary: 'Public keys that may log in as an account, in its ~/.ssh/authorized_keys; other lines stay.',
  examples: [
    {
      title: 'A key that may do one thing',
      yaml: `- name: The backup host may fetch
  authorized_key:
    user: postgres
    key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4Q0gq7GgY3m3n1nGzT2sV0l1w8Qk7sG9b6yX5eXAMP backup
    key_options: 'restrict,command="/usr/local/bin/serve-backup"'
`,
    },
  ],
  schema: object(
    {
      user: accountName('The account.'),
      key: {
        anyOf: [KEY, { type: 'array', items: KEY, minItems: 1 }],
        description: 'A public key, or several: one a line, or a list.',
      },
      key_options: {
        type: 'string',
        pattern: '^[^\\n\\r\\u0000]*$',
        description: 'What they may do: "restrict", \'from="10.0.0.0/8"\'. Left as it is when absent.',
      },
      comment: {
        type: 'string',
        pattern: '^[^\\n\\r\\u0000]*$',
        description: 'Behind a new key, instead of its own comment.',
      },
      exclusive: flag('Take all other keys out.', false),
      state: { ...oneOf(['present', 'absent'], 'Whether these keys may log in.'), default: 'present' },
    },
    ['user', 'key'],
  ),
  result: object({ path: text('The file.') }, ['path']),
  identity: ['user'],
  address: ({ user, key }) =>
    `authorized_key ${user} ${keysIn(key)
      .map((line) => line.slice(0, 120))
      .join(' ')}`,
  needs: ({ user }) => [authorizedKeysFact(user)],
  diff,
  commands: (args, change) => [write(args, change)],
  touches: ({ user }, change) => {
    const path = (change.note as Note | undefined)?.path;
    const own = { on: 'outside', name: `keys of ${user}` } as const;
    return path === undefined
      ? [own]
      : [own, { on: 'path', path }, { on: 'path', path: path.replace(/\/[^/]*$/, ''), only: true }];
  },
  registered({ user }, _change, _outputs, facts) {
    const looked = facts.get(authorizedKeysFact(user));
    return { path: looked.state === 'value' ? looked.value.path : '' };
  },
};

function keysIn(key: string | readonly string[]): string[] {
  return [key]
    .flat()
    .flatMap((one) => one.split('\n'))
    .filter((line) => !/^\s*(#|$)/.test(line));
}

function diff(args: AuthorizedKeyArgs, facts: FactView): Change {
  const { user } = args;
  const looked = facts.get(authorizedKeysFact(user));
  if (looked.state === 'unreadable') return blocked(looked.reason);
  if (looked.state === 'absent')
    return blocked(`there is no account ${user}: make it first, with a user task`);
  const wanted: KeyLine[] = [];
  for (const line of keysIn(args.key)) {
    const key = keyLine(line);
    if (!key)
      return blocked(`expected a public key ("ssh-ed25519 AAAA… comment"), found "${line.slice(0, 40)}"`);
    wanted.push(key);
  }
  if (wanted.length === 0) return blocked('expected a public key, found none');
  const { path, text: before } = looked.value;
  const after = edited(before, wanted, args);
  if (after === before) return NONE;
  const body = bodyOf(after, undefined) as Body;
  const fields = [contentChange(body, before === '' ? undefined : { text: before })];
  return {
    action: before === '' ? 'create' : 'update',
    risk: 'changes',
    fields,
    note: { path, text: after },
  };
}

function edited(before: string, wanted: readonly KeyLine[], args: AuthorizedKeyArgs): string {
  const { key_options, comment, exclusive, state } = args;
  const named = (line: KeyLine) => wanted.find(({ key }) => key === line.key);
  const old = before === '' ? [] : before.replace(/\n$/, '').split('\n');
  const kept = old.flatMap((line) => {
    const key = keyLine(line);
    if (!key) return [line];
    if (state === 'absent') return named(key) ? [] : [line];
    const wish = named(key);
    if (!wish) return exclusive ? [] : [line];
    const options = key_options ?? (wish.options || key.options);
    return options === key.options ? [line] : [keyText({ ...key, options })];
  });
  const there = new Set(old.map((line) => keyLine(line)?.key));
  const added = wanted.filter(({ key }) => state !== 'absent' && !there.has(key));
  const lines = added.map((key) =>
    keyText({ ...key, options: key_options ?? key.options, comment: comment ?? key.comment }),
  );
  const isSame =
    lines.length === 0 && kept.length === old.length && kept.every((line, at) => line === old[at]);
  return isSame ? before : [...kept, ...lines].map((line) => `${line}\n`).join('');
}

/** As the account itself: what its home leads to is then no way around its rights. */
function write({ user }: AuthorizedKeyArgs, change: Change): Command {
  const { path, text: content } = change.note as Note;
  const directory = path.replace(/\/[^/]*$/, '');
  const body = bodyOf(content, undefined) as Body;
  return {
    kind: 'shell',
    as: user,
    script: lines(
      sh`set -eu`,
      sh`cd /`,
      sh`[ -d ${directory} ] || (umask 077; mkdir -- ${directory})`,
      replaceFile({ at: path, body, attributes: { mode: '0600' } }),
    ).text,
    stdin: body.stdin,
    display: `write ${path}`,
    timeoutMs: 60_000,
  };
}
