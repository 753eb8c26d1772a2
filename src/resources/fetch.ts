import { blocked, type Change, NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { pathFact } from '../facts/path.ts';
import { absolutePath, object, text } from './parts/schema.ts';

export type FetchArgs = {
  readonly src: string;
  readonly dest: string;
  /** What the controller has there already, as the language found it: a checksum, or empty. */
  readonly kept?: string;
};

type Result = { readonly src: string; readonly dest: string; readonly sha256: string };

export const fetch: Resource<FetchArgs, Result> = {
  name: 'fetch',
  kind: 'action',
  scope: 'host',
  summary:
    'A file of the host is kept on the controller: streamed, verified by checksum, replaced whole, mode 0600.',
  examples: [
    {
      title: 'One file of each host',
      yaml: `- name: Keep the settings of every node
  fetch: { src: /etc/patroni/config.yml, dest: "kept/{{inventory_hostname}}.yml" }
`,
    },
  ],
  schema: object(
    {
      src: absolutePath('The file on the host; symbolic links are followed.'),
      dest: text(
        'The file on the controller; relative paths count from the playbook. With several hosts, name the host in it: "kept/{{inventory_hostname}}.conf".',
      ),
      kept: text('Filled in by fanops: the checksum of what is there already.'),
    },
    ['src', 'dest'],
  ),
  result: object(
    {
      src: text('The file on the host.'),
      dest: text('The file on the controller.'),
      sha256: text('Checksum of its content.'),
    },
    ['src', 'dest', 'sha256'],
  ),
  identity: ['src'],
  address: ({ src, dest }) => `fetch ${src} to ${dest}`,
  needs: ({ src }) => [pathFact(src, { follow: true, sum: true })],
  diff,
  commands: ({ src, dest }, _change, facts) => [
    { kind: 'fetch', from: src, to: dest, sha256: sumOf(src, facts), display: `fetch ${src} to ${dest}` },
  ],
  touches: ({ dest }) => [{ on: 'outside', name: `controller ${dest}` }],
  registered: ({ src, dest }, _change, _outputs, facts) => ({ src, dest, sha256: sumOf(src, facts) }),
};

function diff({ src, dest, kept = '' }: FetchArgs, facts: FactView): Change {
  const looked = facts.get(pathFact(src, { follow: true, sum: true }));
  if (looked.state === 'unreadable') return blocked(`could not look at ${src}: ${looked.reason}`);
  if (looked.state === 'absent') return blocked(`${src} does not exist on the host`);
  const { type, sha256 } = looked.value;
  if (type !== 'file') return blocked(`expected a regular file at ${src}, found a ${type}`);
  if (sha256 === undefined) return blocked(`could not read the content of ${src}`);
  if (sha256 === kept) return NONE;
  const before = kept === '' ? {} : { before: `sha256:${kept}` };
  return {
    action: 'run',
    risk: 'changes',
    fields: [{ field: dest, ...before, after: `sha256:${sha256}` }],
    reason: `${kept === '' ? 'makes' : 'replaces'} ${dest} on the controller`,
  };
}

function sumOf(src: string, facts: FactView): string {
  const looked = facts.get(pathFact(src, { follow: true, sum: true }));
  return looked.state === 'value' ? (looked.value.sha256 ?? '') : '';
}
