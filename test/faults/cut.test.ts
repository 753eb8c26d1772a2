import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Session, Unreachable } from '../../src/core/session.ts';
import { connector } from '../../src/transport/connector.ts';
import { startProxy, type TestProxy } from '../transport/proxy.ts';
import { recorded } from '../transport/recorded.ts';
import { startSshd, type TestSshd } from '../transport/sshd.ts';

/** FANOPS_CUTS=200 makes it a campaign, FANOPS_SEED repeats one. */
const CUTS = Number(process.env.FANOPS_CUTS ?? 20);
const SEED = Number(process.env.FANOPS_SEED ?? 20260129);

interface Context {
  sshd: TestSshd;
  proxy: TestProxy;
  dir: string;
}

const test = suite<Context>('a connection that is cut');

test.before(async (context) => {
  context.sshd = await startSshd();
  context.proxy = await startProxy(context.sshd.port);
  context.dir = mkdtempSync(join(tmpdir(), 'fanops-cut-'));
});

test.after(async ({ sshd, proxy, dir }) => {
  await proxy.close();
  await sshd.stop();
  rmSync(dir, { recursive: true, force: true });
});

test(`ends right, runs nothing twice and loses no byte (${CUTS} cuts, seed ${SEED})`, async (context) => {
  const random = generator(SEED);
  const fell = new Map<string, number>();
  let cuts = 0;
  for (let round = 0; cuts < CUTS; round += 1) {
    const session = await connect(context);
    cuts += await cutBatch(context, session, round, random, fell);
    await session.close();
  }
  const split = [...fell].sort().map(([where, count]) => `${where} ${count}`);
  process.stdout.write(`\n  ${cuts} cuts, seed ${SEED}: ${split.join(', ')}\n`);
});

/** One batch of three commands whose connection is cut up to three times. Returns how many cuts fell. */
async function cutBatch(
  { proxy, dir }: Context,
  session: Session,
  round: number,
  random: (below: number) => number,
  fell: Map<string, number>,
): Promise<number> {
  const recording = recorded();
  const ids = ['a', 'b', 'c'];
  const script = (id: string) =>
    `echo x >> ${dir}/${round}.${id}; cat; for i in 1 2 3 4; do seq -f '${id} %.0f' 3000; seq 300 >&2; sleep ${id === ids[round % 3] ? 0.25 : 0.03}; done`;
  const stdin = `${'input\n'.repeat(2_000)}`;
  let cuts = 0;
  let armed = 0;
  const arm = () => {
    if (armed === 3) return;
    armed += 1;
    const way = random(3) === 0 ? 'up' : 'down';
    const reach = way === 'up' ? 50_000 : random(2) === 0 ? 5_000 : 350_000;
    proxy.cutAfter(way, 1 + random(reach), () => {
      cuts += 1;
      const where = position(recording.calls);
      fell.set(where, (fell.get(where) ?? 0) + 1);
      arm();
    });
  };
  arm();
  const commands = ids.map((id) => ({
    id,
    script: script(id),
    timeoutMs: 20_000,
    stdin: { kind: 'text', text: stdin } as const,
  }));
  const result = await session.run({ key: `cut.${round}`, commands }, recording.listener);
  proxy.cutAfter('down', Number.POSITIVE_INFINITY, () => undefined);
  proxy.cutAfter('up', Number.POSITIVE_INFINITY, () => undefined);
  assert.is(result.outcome, 'done', `round ${round}: ${JSON.stringify(result.reason)}`);
  for (const [index, id] of ids.entries()) {
    const counting = Array.from({ length: 3000 }, (_, i) => `${id} ${i + 1}\n`).join('');
    const errors = Array.from({ length: 300 }, (_, i) => `${i + 1}\n`).join('');
    const stdout = stdin + counting.repeat(4);
    assert.is(readFileSync(`${dir}/${round}.${id}`, 'utf8'), 'x\n', `round ${round}: ${id} ran once`);
    assert.ok(result.results[index]?.stdout === stdout, `round ${round}: stdout of ${id} is whole`);
    assert.ok(recording.text(id, 'stdout') === stdout, `round ${round}: live stdout of ${id} is whole`);
    assert.ok(recording.text(id, 'stderr') === errors.repeat(4), `round ${round}: stderr of ${id} is whole`);
  }
  const order = recording.calls.filter((call) => !call.startsWith('contact'));
  assert.equal(
    order,
    ids.flatMap((id) => [`started ${id}`, `finished ${id} 0`]),
  );
  return cuts;
}

/** Where in the batch a cut fell, as far as we had heard of it. */
function position(calls: readonly string[]): string {
  if (calls.at(-1) === 'contact lost') return 'while reconnecting';
  const steps = calls.filter((call) => !call.startsWith('contact'));
  if (steps.length === 0) return 'before the start was answered';
  return steps.length === 6 ? 'after the last command' : 'inside the output';
}

test('a black hole is noticed, and the work goes on', async (context) => {
  const session = await connect(context);
  const recording = recorded();
  let lostAfter = Number.POSITIVE_INFINITY;
  let began = 0;
  const running = session.run(
    { key: 'hole', commands: [{ id: 'a', script: 'echo begun; sleep 9; echo done', timeoutMs: 20_000 }] },
    {
      ...recording.listener,
      output(id, stream, chunk) {
        recording.listener.output?.(id, stream, chunk);
        if (began === 0) context.proxy.swallow(true);
        began ||= performance.now();
      },
      contact(state, detail) {
        recording.listener.contact?.(state, detail);
        if (state === 'lost') {
          lostAfter = performance.now() - began;
          context.proxy.swallow(false);
        }
      },
    },
  );
  const result = await running;
  assert.is(result.outcome, 'done');
  assert.is(result.results[0]?.stdout, 'begun\ndone\n');
  assert.is(recording.text('a', 'stdout'), 'begun\ndone\n');
  assert.equal(recording.calls, ['started a', 'contact lost', 'contact regained', 'finished a 0']);
  process.stdout.write(`\n  black hole noticed after ${(lostAfter / 1000).toFixed(1)} s\n`);
  await session.close();
});

test('contact that is not regained is Unreachable, names the key, and the work goes on', async (context) => {
  const session = await connect(context, 700);
  const mark = join(context.dir, 'went-on');
  const commands = [{ id: 'a', script: `echo begun; sleep 1.5; echo x > ${mark}`, timeoutMs: 20_000 }];
  const output = () => {
    context.proxy.refuse(true);
    context.proxy.cutNow();
  };
  const error = await session.run({ key: 'gone', commands }, { output }).then(
    () => undefined,
    (e: unknown) => e,
  );
  context.proxy.refuse(false);
  assert.instance(error, Unreachable);
  assert.match((error as Error).message, /not regained .* may go on: gone/);
  await session.close();
  const again = await connect(context);
  const result = await again.run({ key: 'gone', commands }, {});
  assert.is(result.outcome, 'done');
  assert.is(result.results[0]?.stdout, 'begun\n');
  assert.is(readFileSync(mark, 'utf8'), 'x\n');
  await again.close();
});

test('a look during a loss is Unreachable', async (context) => {
  const session = await connect(context);
  const begun = join(context.dir, 'begun');
  const looking = session.probe(`true >${begun}; sleep 30`, { timeoutMs: 60_000 }).catch((e: unknown) => e);
  while (!existsSync(begun)) await sleep(20);
  context.proxy.cutNow();
  assert.instance(await looking, Unreachable);
  const next = await session.probe('echo back', { timeoutMs: 20_000 });
  assert.is(next.stdout.toString(), 'back\n', 'the next one connects again');
  await session.close();
});

function connect({ sshd, proxy, dir }: Context, regainMs = 20_000): Promise<Session> {
  const knownHosts = readFileSync(join(sshd.dir, 'known_hosts'), 'utf8').replace(
    `:${sshd.port}`,
    `:${proxy.port}`,
  );
  const file = join(dir, 'known_hosts');
  writeFileSync(file, knownHosts);
  return connector({ ...sshd.settings, regainMs })(sshd.host({ port: proxy.port, knownHostsFiles: [file] }));
}

/** Park and Miller's: the same seed gives the same cuts. */
function generator(seed: number): (below: number) => number {
  let state = (seed % 2147483646) + 1;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

test.run();
