import fc from 'fast-check';

/** A generated playbook and what lies on each host before. Both survive JSON, so that a failure can be replayed. */
export interface Generated {
  readonly hosts: number;
  readonly before: readonly Before[];
  readonly plays: readonly unknown[];
}

export interface Before {
  readonly path: string;
  readonly kind: 'file' | 'dir' | 'link';
  readonly content: string;
  readonly mode: number;
}

/** Mostly each path has its kind, so that most playbooks can be carried out; now and then it is another. */
const DIRS = ['a', 'a/b', 'd', "d/o'dd $(x) näme"];
const FILES = ['f', 'a/f', 'a/b/c', 'd/-f', 'd/l'];
const LINKS = ['l', 'a/l', 'd/l'];
const PATHS = [...DIRS, ...FILES, ...LINKS];
const CONTENTS = ['', 'one\n', 'two\nlines\n', '$(touch pwned) `x` "q"\n'];
const MODES = ['0600', '0644', '0755', '0700'];

const path = fc.constantFrom(...PATHS);
const mostly = (own: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 14, arbitrary: fc.constantFrom(...own) }, { weight: 1, arbitrary: path });
const inRoot = (p: string): string => `{{ root }}/${p}`;
/** `touches` takes no variables: the test puts every host's folder in its place. */
export const ROOTS = '@roots@';
const inRoots = (p: string): string => `${ROOTS}/${p}`;
const mode = fc.constantFrom(...MODES);

const directory = fc
  .record({ path: mostly(DIRS), mode })
  .map((a) => ({ directory: { path: inRoot(a.path), mode: a.mode } }));
const file = fc
  .record({ path: mostly(FILES), content: fc.constantFrom(...CONTENTS), mode })
  .map((a) => ({ file: { path: inRoot(a.path), content: a.content, mode: a.mode } }));
const absent = mostly([...FILES, ...LINKS]).map((p) => ({ file: { path: inRoot(p), state: 'absent' } }));
const link = fc
  .record({ path: mostly(LINKS), target: path })
  .map((a) => ({ link: { path: inRoot(a.path), target: a.target } }));

/** Commands alter the tree behind the resources' back; some say truthfully what they touch. */
const command = fc
  .record({ path, act: fc.constantFrom('touch', 'mkdir', 'rm', 'append', 'nothing'), narrow: fc.boolean() })
  .map(({ path: p, act, narrow }) => ({
    command: { argv: ['sh', '-c', SCRIPTS[act], 'x', inRoot(p)] },
    ...(narrow ? { touches: [act === 'nothing' ? inRoots('elsewhere') : inRoots(p)] } : {}),
  }));
const SCRIPTS: { [act: string]: string } = {
  touch: '[ -e "$1" ] || [ ! -d "${1%/*}" ] || : >"$1"',
  mkdir: 'mkdir "$1" 2>/dev/null || :',
  rm: 'rm -rf -- "$1"',
  append: '[ ! -f "$1" ] || printf x >>"$1"',
  nothing: ':',
  fail: 'exit 1',
  need: '[ -e "$1" ]',
};

/** A step that fails, always or where something is missing: mostly in a block, or ignored. */
const failing = fc.record({ path, act: fc.constantFrom('fail', 'need') }).map(({ path: p, act }) => ({
  command: { argv: ['sh', '-c', SCRIPTS[act], 'x', inRoot(p)] },
  touches: [inRoots('elsewhere')],
}));
const created = mostly(FILES).map((p) => ({
  command: { argv: ['sh', '-c', '[ -d "${1%/*}" ] && : >"$1" || :', 'x', inRoot(p)], creates: inRoot(p) },
}));

const act = fc.oneof(
  { weight: 4, arbitrary: directory },
  { weight: 5, arbitrary: file },
  { weight: 2, arbitrary: absent },
  { weight: 2, arbitrary: link },
  { weight: 2, arbitrary: command },
  { weight: 1, arbitrary: created },
  { weight: 1, arbitrary: failing },
);

/** A stretch of tasks that stands in a block, and how many behind it rescue it and come always. */
const block = fc.record({
  from: fc.nat(3),
  tasks: fc.integer({ min: 1, max: 3 }),
  rescue: fc.nat(2),
  always: fc.nat(1),
});

/** How a task hangs together with the ones before it. */
const around = fc.record({
  register: fc.boolean(),
  whenChanged: fc.option(fc.nat(5), { nil: undefined }),
  contentFrom: fc.option(fc.nat(5), { nil: undefined }),
  notify: fc.boolean(),
  runOnce: fc.boolean(),
  ignoreErrors: fc.boolean(),
  changedWhen: fc.option(fc.boolean(), { nil: undefined }),
  weights: fc.nat(3),
});

const play = fc
  .record({
    tasks: fc.array(fc.tuple(act, around), { minLength: 1, maxLength: 7 }),
    serial: fc.option(fc.constantFrom(1, 2), { nil: undefined }),
    withHandler: fc.boolean(),
    block: fc.option(block, { nil: undefined }),
    bears: fc.boolean(),
  })
  .map((p) => ({ ...p }));

export const playbooks: fc.Arbitrary<Generated> = fc
  .record({
    hosts: fc.integer({ min: 1, max: 3 }),
    dirs: fc.oneof({ weight: 4, arbitrary: fc.constant(DIRS) }, fc.subarray(DIRS)),
    before: fc.array(
      fc.record({
        path: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...FILES, ...LINKS) }, path),
        kind: fc.constantFrom('file', 'file', 'file', 'link', 'dir'),
        content: fc.constantFrom(...CONTENTS),
        mode: fc.constantFrom(0o600, 0o644, 0o755),
      }),
      { maxLength: 4 },
    ),
    plays: fc.array(play, { minLength: 1, maxLength: 2 }),
  })
  .map(({ hosts, dirs, before, plays }) => ({
    hosts,
    before: [
      ...dirs.map((dir): Before => ({ path: dir, kind: 'dir', content: '', mode: 0o755 })),
      ...(before as readonly Before[]),
    ],
    plays: plays.map((p, number) => written(p, number)),
  }));

type Around = typeof around extends fc.Arbitrary<infer T> ? T : never;
type Act = { readonly [resource: string]: unknown };

/** Writes one generated play as a user would; a path is declared once per play. */
function written(
  p: {
    tasks: readonly (readonly [Act, Around])[];
    serial: number | undefined;
    withHandler: boolean;
    block: typeof block extends fc.Arbitrary<infer T> ? T | undefined : never;
    bears: boolean;
  },
  number: number,
): unknown {
  const declared = new Set<string>();
  const registers: { name: string; hasStdout: boolean }[] = [];
  const tasks = p.tasks.flatMap(([task, how], index) => {
    const [resource] = Object.keys(task) as [string];
    const args = task[resource] as { path?: string };
    if (args.path !== undefined && declared.has(args.path)) return [];
    if (args.path !== undefined) declared.add(args.path);
    return [oneTask(task, resource, how, registers, `r${number}_${index}`, p.withHandler)];
  });
  return {
    name: `play ${number + 1}`,
    hosts: 'db',
    ...(p.serial === undefined ? {} : { serial: p.serial }),
    ...(p.bears ? { any_errors_fatal: false } : {}),
    tasks: p.block === undefined ? tasks : withBlock(tasks, p.block),
    ...(p.withHandler
      ? {
          handlers: [
            {
              name: 'note it',
              command: { argv: ['sh', '-c', 'printf h >>"$1"', 'x', inRoot('handled')] },
              touches: [inRoots('handled')],
            },
          ],
        }
      : {}),
  };
}

/** The same tasks, some of them in a block. */
function withBlock(
  tasks: readonly unknown[],
  how: { from: number; tasks: number; rescue: number; always: number },
): unknown[] {
  const before = tasks.slice(0, how.from);
  const [inside, rescue, always, after] = [how.tasks, how.rescue, how.always, tasks.length].reduce(
    ({ parts, left }, count) => ({ parts: [...parts, left.slice(0, count)], left: left.slice(count) }),
    { parts: [] as unknown[][], left: tasks.slice(how.from) },
  ).parts as [unknown[], unknown[], unknown[], unknown[]];
  if (inside.length === 0) return [...before];
  return [
    ...before,
    { block: inside, ...(rescue.length ? { rescue } : {}), ...(always.length ? { always } : {}) },
    ...after,
  ];
}

function oneTask(
  task: Act,
  resource: string,
  how: Around,
  registers: { name: string; hasStdout: boolean }[],
  register: string,
  withHandler: boolean,
): unknown {
  const isLight = how.weights > 0;
  const earlier = how.whenChanged === undefined ? undefined : registers[how.whenChanged];
  const source = how.contentFrom === undefined ? undefined : registers[how.contentFrom];
  const args = task[resource] as { content?: string };
  const content =
    args.content !== undefined && source && isLight
      ? `changed: {{ ${source.name}.changed }}\n`
      : args.content;
  const result = {
    name: register,
    ...task,
    ...(content === undefined ? {} : { [resource]: { ...args, content } }),
    ...(how.register ? { register } : {}),
    ...(earlier && isLight ? { when: `${earlier.name}.changed` } : {}),
    ...(how.notify && withHandler ? { notify: 'note it' } : {}),
    ...(how.ignoreErrors && resource === 'command' ? { ignore_errors: true } : {}),
    ...(how.runOnce && how.weights === 3 ? { run_once: true } : {}),
    ...(how.changedWhen === true && resource === 'command' ? { changed_when: true } : {}),
  };
  if (how.register) registers.push({ name: register, hasStdout: resource === 'command' });
  return result;
}
