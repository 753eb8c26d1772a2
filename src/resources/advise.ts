import { type Change, NONE } from '../core/change.ts';
import type { Resource } from '../core/resource.ts';
import type { Judged } from './parts/conditions.ts';
import { judged, object, text } from './parts/schema.ts';

export type AdviseArgs = {
  /** As the language evaluated them. */
  readonly that: readonly Judged[];
  readonly msg: string;
};

export const advise: Resource<AdviseArgs, { readonly holds: boolean }> = {
  name: 'advise',
  kind: 'action',
  scope: 'host',
  onlyLooks: true,
  summary:
    'Warns, in every plan and when it is applied, while a condition does not hold; a runbook says it again at its end. It never fails and changes nothing.',
  examples: [
    {
      title: 'What is worth knowing, and stops nothing',
      yaml: `- name: Ask how full the disk is
  command: { argv: [df, --output=pcent, /var] }
  register: disk
  changed_when: false
- name: There is room left
  advise:
    that: "!disk.stdout.contains('100%')"
    msg: the disk of /var is full; see what fills it with \`du -xsh /var/*\`
`,
    },
  ],
  schema: object(
    {
      that: judged('Conditions that should all hold: one, or a list.'),
      msg: text('What to say when one does not: what follows from it, and what to do.'),
    },
    ['that', 'msg'],
  ),
  result: object({ holds: { type: 'boolean', description: 'Whether all of them hold.' } }, ['holds']),
  identity: [],
  address: ({ that }) => `advise ${that.map((one) => one.expression).join(' && ')}`,
  needs: () => [],
  diff: (args): Change => (allHold(args) ? NONE : { ...NONE, reason: args.msg }),
  commands: () => [],
  touches: () => [],
  registered: (args) => ({ holds: allHold(args) }),
};

function allHold({ that }: AdviseArgs): boolean {
  return that.every((one) => one.holds);
}
