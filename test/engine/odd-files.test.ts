// Whatever a file is called and holds, it is copied byte for byte: between hosts, to the controller, from archives.
import * as assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import { HOSTILE_CONTENTS, HOSTILE_NAMES } from '../resources/specimens.ts';
import { actions, applied, ends, withHosts } from '../support/applied.ts';
import type { LocalHosts } from '../support/local-run.ts';

const CONTENTS: readonly Buffer[] = [
  ...HOSTILE_CONTENTS.map((text) => Buffer.from(text)),
  Buffer.alloc(10 * 1024 * 1024, 'ten MiB\n'),
];

/** Every name with one of the contents, every content under one of the names. */
const FILES = new Map(
  HOSTILE_NAMES.map((name, index) => [name, CONTENTS[index % CONTENTS.length] as Buffer]),
);

function asPlaybook(hosts: string, task: object): string {
  return JSON.stringify([{ hosts, tasks: [{ name: 'copy', ...task }] }]);
}

/** Copies, and finds nothing to do the second time. */
async function copiedOnce(hosts: LocalHosts, playbook: string): Promise<void> {
  const { outcome, events } = await applied(hosts, playbook);
  assert.equal(outcome, 'done', ends(events).join('\n'));
  const again = new Set(
    actions((await applied(hosts, playbook)).plan).map((line) => line.split(': ').at(-1)),
  );
  assert.deepEqual([...again], ['none']);
}

function assertSame(folder: string): void {
  assert.deepEqual(readdirSync(folder).sort(), [...FILES.keys()].sort());
  for (const [name, content] of FILES)
    assert.ok(readFileSync(join(folder, name)).equals(content), JSON.stringify(name));
}

test('from host to host, and from a host to the controller', () =>
  withHosts(2, async (hosts) => {
    for (const [name, content] of FILES) writeFileSync(join(hosts.root('h2'), name), content);
    const [from, to] = [hosts.root('h2'), hosts.root('h1')];
    const files = [...FILES.keys()].map((name) => ({ src: join(from, name), dest: join(to, name) }));
    await copiedOnce(hosts, asPlaybook('h1', { transfer: { from: 'h2', files } }));
    assertSame(to);
    const kept = { src: `${from}/{{item}}`, dest: 'kept/{{item}}' };
    await copiedOnce(hosts, asPlaybook('h2', { fetch: kept, loop: [...FILES.keys()] }));
    assertSame(join(hosts.dir, 'kept'));
  }));

test('from the archive of another host, whatever it is called', () =>
  withHosts(2, async (hosts) => {
    const { username, gid } = userInfo();
    const group = /^([^:]*):[^:]*:(\d+):/;
    const lines = readFileSync('/etc/group', 'utf8').split('\n');
    const own = lines.map((line) => group.exec(line)).find((found) => Number(found?.[2]) === gid)?.[1];
    for (const [index, name] of HOSTILE_NAMES.entries()) {
      const content = CONTENTS[index % CONTENTS.length] as Buffer;
      const artefact = 'full/full_backup_20261122_020000.tar.gz';
      const at = join(hosts.root('h2'), name, artefact);
      store(at, content);
      const gathered = join(hosts.root('h1'), name);
      const args = {
        from: 'h2',
        path: `${gathered}-none`,
        from_path: join(hosts.root('h2'), name),
        gathered,
      };
      await copiedOnce(hosts, asPlaybook('h1', { gather_archive: { ...args, owner: username, group: own } }));
      assert.ok(readFileSync(join(gathered, 'h2', artefact)).equals(content), JSON.stringify(name));
    }
  }));

/** As backup-store.sh leaves it: artefact and sidecar. */
function store(path: string, content: Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const fields = [
    `  "name": ${JSON.stringify(path.split('/').at(-1))}`,
    `  "size": ${content.length}`,
    `  "sha256": "${sha256}"`,
    `  "plain_sha256": "${sha256}"`,
  ];
  writeFileSync(`${path}.json`, `{\n${fields.join(',\n')}\n}\n`);
}

test.run();
