import { NONE } from '../core/change.ts';
import type { Resource } from '../core/resource.ts';
import type { Value } from '../core/value.ts';
import { object } from './parts/schema.ts';

type Values = { readonly [name: string]: Value };

/** Nothing is done: the values are computed for each host, and kept by `register`. */
export const setFact: Resource<{ readonly values: Values }, { readonly values: Values }> = {
  name: 'set_fact',
  kind: 'action',
  scope: 'host',
  onlyLooks: true,
  summary:
    'Computes values for this host from what tasks before it found; `register` keeps them as NAME.values.',
  examples: [
    {
      title: 'A value computed from the output of a command',
      yaml: `- name: Ask for the version
  command: { argv: [cat, /etc/debian_version] }
  register: debian
  changed_when: false
- name: Where the packages are
  set_fact: { values: { folder: "pool/{{debian.stdout}}", tries: 3 } }
  register: mirror
- name: Write it down
  when: mirror.values.tries > 2
  file: { path: /etc/mirror, content: "{{mirror.values.folder}}\\n", mode: "0644" }
`,
    },
  ],
  schema: object(
    {
      values: {
        type: 'object',
        minProperties: 1,
        propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
        description: 'Names and values, of any type. A text that is exactly one {{name}} keeps the type.',
      },
    },
    ['values'],
  ),
  result: object({ values: { type: 'object', description: 'The values.' } }, ['values']),
  identity: [],
  address: ({ values }) => `set_fact ${Object.keys(values).join(' ')}`,
  needs: () => [],
  diff: () => NONE,
  commands: () => [],
  touches: () => [],
  registered: ({ values }) => ({ values }),
};
