import { blocked, NONE } from '../core/change.ts';
import type { Resource } from '../core/resource.ts';
import { brokenText, type Judged } from './parts/conditions.ts';
import { judged, object, text } from './parts/schema.ts';

export type AssertArgs = {
  /** As the language evaluated them. */
  readonly that: readonly Judged[];
  readonly msg?: string;
};

export const assert: Resource<AssertArgs, { readonly holds: boolean }> = {
  name: 'assert',
  kind: 'action',
  scope: 'host',
  onlyLooks: true,
  summary: 'Stops when a condition does not hold.',
  examples: [
    {
      title: 'What must be so before anything is done',
      yaml: `- name: Look for Patroni's configuration
  stat: /etc/patroni/config.yml
  register: patroni
- name: This host is a member
  assert: { that: patroni.exists, msg: "it is not: run \`fanops apply cluster.yml\` first" }
`,
    },
  ],
  schema: object(
    {
      that: judged('Conditions that must all hold: one, or a list.'),
      msg: text('What to say when one does not.'),
    },
    ['that'],
  ),
  result: object({ holds: { type: 'boolean', description: 'Always true: it stops otherwise.' } }, ['holds']),
  identity: [],
  address: ({ that }) => `assert ${that.map((one) => one.expression).join(' && ')}`,
  needs: () => [],
  diff({ that, msg }) {
    const broken = brokenText(that);
    if (broken === '') return NONE;
    const what = `does not hold: ${broken}`;
    return blocked(msg === undefined ? what : `${msg} (${what})`);
  },
  commands: () => [],
  touches: () => [],
  registered: () => ({ holds: true }),
};
