import { NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { patroniFact } from '../facts/patroni.ts';
import { isRunning, leaderOf, type PatroniMember, type PatroniView } from '../facts/patroni-view.ts';
import { object, text } from './parts/schema.ts';

export type PatroniFactsArgs = { readonly members: string; readonly port?: number };

type Member = {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly timeline: number | null;
  readonly lag: number | null;
  readonly host: string;
  readonly pending_restart: boolean;
};

type Result = {
  readonly leader: string;
  readonly leaders: readonly string[];
  readonly timeline: number | null;
  readonly scope: string;
  readonly system_identifier: string;
  readonly healthy: boolean;
  readonly paused: boolean;
  readonly members: readonly Member[];
  readonly silent: readonly string[];
  readonly unseen: readonly string[];
  readonly disagreement: readonly string[];
  readonly unsettled: readonly string[];
};

type Source = { readonly host: string; readonly view: PatroniView };

/** Patroni reaches the DCS every loop_wait (10 s), and must within its ttl (30 s); seconds. */
const OLD = 60;

const NUMBER_OR_NULL = ['integer', 'null'] as const;
const TEXTS = { type: 'array', items: { type: 'string' } } as const;

const MEMBER = object(
  {
    name: text('Its name.'),
    role: text('leader, replica, sync_standby or standby_leader.'),
    state: text('running, streaming, starting, stopped and others.'),
    timeline: { type: NUMBER_OR_NULL, description: 'Its timeline; null where it is not known.' },
    lag: { type: NUMBER_OR_NULL, description: 'Bytes behind the leader; null where it is not known.' },
    host: text('Its address.'),
    pending_restart: { type: 'boolean', description: 'It must be restarted for a setting to take effect.' },
  },
  ['name', 'role', 'state', 'timeline', 'lag', 'host', 'pending_restart'],
);

export const patroniFacts: Resource<PatroniFactsArgs, Result> = {
  name: 'patroni_facts',
  kind: 'action',
  scope: 'cluster',
  onlyLooks: true,
  summary: 'What the Patronis of a group say of the cluster, and where they disagree. Changes nothing.',
  examples: [
    {
      title: 'Going on only where the cluster is well',
      yaml: `- name: Ask every Patroni
  patroni_facts: { members: db }
  register: cluster
- name: The cluster is healthy
  assert: { that: cluster.healthy, msg: "it is not: {{json cluster.disagreement}}" }
`,
    },
  ],
  schema: object(
    {
      members: text('The inventory group whose hosts are asked.'),
      port: {
        type: 'integer',
        minimum: 1,
        maximum: 65_535,
        default: 8008,
        description: "Of Patroni's REST interface.",
      },
    },
    ['members'],
  ),
  result: object(
    {
      leader: text(
        'Name of the leader that all agree on, by the lock in the DCS, which it holds before it is promoted; empty when there is none.',
      ),
      leaders: {
        ...TEXTS,
        description:
          'Hosts whose own PostgreSQL runs and takes writes, as their Patroni says of itself. More than one: a split brain.',
      },
      timeline: { type: NUMBER_OR_NULL, description: 'The timeline of the leader.' },
      scope: text("The cluster's name."),
      system_identifier: text("PostgreSQL's; empty where it is not known."),
      healthy: {
        type: 'boolean',
        description: 'Every host answers, all agree, one leads, and all members run on its timeline.',
      },
      paused: {
        type: 'boolean',
        description:
          'Patroni keeps its hands off the cluster (patronictl pause), as a host that answered has it.',
      },
      members: { type: 'array', items: MEMBER, description: 'Those that any host which answered knows.' },
      silent: { ...TEXTS, description: 'Hosts where no Patroni listens.' },
      unseen: {
        ...TEXTS,
        description:
          'Hosts that could not be asked, or whose Patroni has not reached the DCS for a minute, and why.',
      },
      disagreement: {
        ...TEXTS,
        description: 'What hosts say differently of leader, timeline and cluster, one sentence each.',
      },
      unsettled: {
        ...TEXTS,
        description:
          'Which members hosts know where that differs: each asks etcd in turns of some seconds, so that it passes.',
      },
    },
    [
      'leader',
      'leaders',
      'timeline',
      'scope',
      'system_identifier',
      'healthy',
      'paused',
      'members',
      'silent',
      'unseen',
      'disagreement',
      'unsettled',
    ],
  ),
  identity: ['members', 'port'],
  membersFrom: 'members',
  address: ({ members }) => `patroni_facts ${members}`,
  needs: ({ port }) => [patroniFact(port)],
  diff: () => NONE,
  commands: () => [],
  touches: () => [],
  registered: ({ port }, _change, _outputs, facts) => judge(port, facts),
};

function judge(port: number | undefined, facts: FactView): Result {
  const asked = facts.members.map((host) => ({ host, looked: facts.get(patroniFact(port), host) }));
  const answers = asked.flatMap(({ host, looked }) =>
    looked.state === 'value' ? [{ host, view: looked.value }] : [],
  );
  const sources = answers.filter(({ view }) => !isOld(view));
  const members = knownTo(sources);
  const disagreement = disagreements(IDENTITY, sources);
  const unsettled = disagreements(MEMBERS, sources);
  const leader = disagreement.length === 0 ? leaderOf(members) : undefined;
  const isWhole = sources.length === asked.length && members.length >= asked.length;
  const allRun = members.every((m) => isRunning(m) && m.timeline === leader?.timeline);
  return {
    leader: leader?.name ?? '',
    // Of itself, it knows without the DCS.
    leaders: answers.filter(({ view }) => view.role === 'leader' && isRunning(view)).map(({ host }) => host),
    timeline: leader?.timeline ?? null,
    scope: answers.map(({ view }) => view.scope).find((s) => s !== '') ?? '',
    system_identifier: answers.map(({ view }) => view.systemIdentifier).find((s) => s !== '') ?? '',
    healthy: leader !== undefined && unsettled.length === 0 && isWhole && allRun,
    paused: sources.some(({ view }) => view.paused),
    members: members.map(memberOf),
    silent: asked.filter(({ looked }) => looked.state === 'absent').map(({ host }) => host),
    unseen: asked.flatMap(({ host, looked }) => {
      if (looked.state === 'unreadable') return [`${host}: ${looked.reason}`];
      return looked.state === 'value' && isOld(looked.value) ? [`${host}: ${oldness(looked.value)}`] : [];
    }),
    disagreement,
    unsettled,
  };
}

/** Of whom only some have heard is there as well: nobody may be taken for missing. */
function knownTo(sources: readonly Source[]): PatroniMember[] {
  const all = sources.flatMap(({ view }) => view.members);
  return all.filter((one, index) => all.findIndex(({ name }) => name === one.name) === index);
}

/** Without the DCS, Patroni goes on telling what it last heard: also of a leader that is long gone. */
function isOld({ dcsAge }: PatroniView): boolean {
  return dcsAge !== null && dcsAge > OLD;
}

function oldness({ dcsAge }: PatroniView): string {
  return `its Patroni last reached etcd ${Math.round(dcsAge ?? 0)} s ago, so that what it says of the cluster is old`;
}

type Questions = readonly (readonly [what: string, ask: (view: PatroniView) => string])[];

/** What must be the same wherever one asks. */
const IDENTITY: Questions = [
  ['the leader', (view) => leaderOf(view.members)?.name ?? 'none'],
  ["the leader's timeline", (view) => String(leaderOf(view.members)?.timeline ?? 'unknown')],
  ['the system identifier', (view) => view.systemIdentifier],
  ['the scope', (view) => view.scope],
];

/** What some learn later than others: one that starts enters itself, and the others see it in their next turn. */
const MEMBERS: Questions = [['the members', (view) => listed(view.members)]];

function listed(members: readonly PatroniMember[]): string {
  return members
    .map((m) => m.name)
    .sort()
    .join(' ');
}

function disagreements(questions: Questions, sources: readonly Source[]): string[] {
  return questions.flatMap(([what, ask]) => {
    const said = sources
      .map(({ host, view }) => ({ host, answer: ask(view) }))
      .filter((one) => one.answer !== '');
    const isSame = said.every((one) => one.answer === said[0]?.answer);
    return isSame ? [] : [`${what}: ${said.map((one) => `${one.host} says ${one.answer}`).join(', ')}`];
  });
}

function memberOf({ pendingRestart, ...member }: PatroniMember): Member {
  return { ...member, pending_restart: pendingRestart };
}
