import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../../src/core/secret.ts';
import type { Specimen } from './specimens.ts';
import { type StubMachine, unitFile } from './stub-machine.ts';

/** Specimens of what sets up the backup system: beside the others, in a file of their own. */
export function specimen(
  resource: string,
  title: string,
  action: Specimen['action'],
  prepare: Specimen['prepare'],
  hostile = false,
): Specimen {
  return { resource, title, action, prepare, hostile };
}

export const NAMES: readonly string[] = [
  ' with spaces ',
  'quotes \' and "',
  '$(touch pwned)`id`$HOME',
  '-rf',
  'new\nline',
  'grüße;|&<>(){}[]!#%s*~\\n',
];

function localFile(dir: string, text: string) {
  const path = join(dir, 'source');
  writeFileSync(path, text);
  return { path, sha256: createHash('sha256').update(text).digest('hex'), size: Buffer.byteLength(text) };
}

/** An archive with one file in it, and a directory to unpack it into, both of a hostile name. */
const ARCHIVES: readonly Specimen[] = NAMES.map((name) =>
  specimen(
    'unarchive',
    `of an archive named ${JSON.stringify(name)}`,
    'create',
    (dir) => {
      mkdirSync(join(dir, name), { mode: 0o755 });
      writeFileSync(join(dir, 'inside'), 'x');
      execFileSync('tar', ['-cf', join(dir, `${name}.tar`), '-C', dir, 'inside']);
      return { archive: join(dir, `${name}.tar`), dest: join(dir, name) };
    },
    true,
  ),
);

const RELEASES: readonly Specimen[] = [
  ...NAMES.map((name) =>
    specimen(
      'release',
      `of files named ${JSON.stringify(name)}`,
      'create',
      (dir) => ({
        path: join(dir, `${name}-link`),
        releases: join(dir, `${name}-releases`),
        files: [{ path: `${name}/${name}`, content: name, mode: '0750' }],
      }),
      true,
    ),
  ),
  specimen('release', 'of a template with a secret and a file of the controller', 'update', (dir) => {
    mkdirSync(join(dir, 'old'));
    symlinkSync('old', join(dir, 'backup'));
    return {
      path: join(dir, 'backup'),
      releases: join(dir, 'releases'),
      files: [
        { path: 'configs/b.conf', src: 'b.conf.hbs', content: Secret.open('PASSWORD=hunter22\n') },
        { path: 'scripts/a.sh', src: 'a.sh', source: localFile(dir, 'a\0b'), mode: '0755' },
      ],
    };
  }),
  specimen('release', 'in the place of a directory', 'blocked', (dir) => {
    mkdirSync(join(dir, 'backup'));
    return {
      path: join(dir, 'backup'),
      releases: join(dir, 'releases'),
      files: [{ path: 'f', content: '' }],
    };
  }),
];

const FILES: readonly Specimen[] = [
  ...NAMES.flatMap((name) => [
    specimen(
      'line_in_file',
      `in ${JSON.stringify(name)}`,
      'update',
      (dir) => ({ path: seeded(dir, name, 'a\nb\nc'), line: name.replaceAll('\n', ' '), insert_after: '^a' }),
      true,
    ),
    specimen(
      'block_in_file',
      `in ${JSON.stringify(name)}`,
      'create',
      (dir) => ({ path: join(dir, name), block: `${name}\n`, create: true, mode: '0600' }),
      true,
    ),
    specimen(
      'cron',
      `running ${JSON.stringify(name)}`,
      'create',
      (dir) => ({
        name: 'job',
        directory: dir,
        jobs: [{ minute: 5, command: `echo ${name.replaceAll('\n', ' ')}` }],
        environment: { A: name.replaceAll('\n', ' ') },
      }),
      true,
    ),
    specimen(
      'systemd_unit',
      `saying ${JSON.stringify(name)}`,
      'create',
      (dir, machine) => {
        machine.write('units/etcd.service', unitFile());
        return { name: 'etcd', drop_in: 'x', directory: dir, content: Secret.open(`# ${name}\n`) };
      },
      true,
    ),
    specimen(
      'postgresql_conf',
      `with ${JSON.stringify(name)}`,
      'create',
      (dir) => {
        mkdirSync(join(dir, 'conf.d'));
        return {
          name: 'ours',
          config: seeded(dir, 'postgresql.conf', "include_dir = 'conf.d'\n"),
          settings: { archive_command: name, wal_level: 'replica', fsync: true, 'x.y': 1.5 },
        };
      },
      true,
    ),
  ]),
  specimen('line_in_file', 'whose line goes', 'update', (dir) => ({
    path: seeded(dir, 'f', 'a\nb\nb2\n'),
    line: 'b',
    match: '^b',
    state: 'absent',
  })),
  specimen('block_in_file', 'that replaces another', 'update', (dir) => ({
    path: seeded(dir, 'f', 'a\n# BEGIN x\nold\n# END x\nb\n'),
    block: 'new',
    marker: '# {mark} x',
  })),
  specimen('cron', 'to be removed', 'delete', (dir) => {
    seeded(dir, 'job', '');
    return { name: 'job', directory: dir, state: 'absent' };
  }),
  specimen('systemd_unit', 'that is new', 'create', (dir, machine) => {
    machine.write('units/other.service', unitFile());
    return { name: 'hello.timer', directory: dir, src: 'h', source: localFile(dir, '[Timer]\n') };
  }),
  specimen('systemd_unit', 'to be removed', 'delete', (dir, machine) => {
    machine.write('units/gone.service', unitFile());
    seeded(dir, 'gone.service', '');
    return { name: 'gone', directory: dir, state: 'absent' };
  }),
  specimen('systemd_unit', 'that systemd has not read again', 'update', (dir, machine) => {
    machine.write('units/old.service', unitFile({ reload: 'yes' }));
    return { name: 'old', directory: dir, content: readable(dir, 'old.service', '[Service]\n') };
  }),
  specimen('reach_facts', 'of archives that are not there', 'none', (dir) => ({
    members: 'db',
    host: 'h',
    into: join(dir, 'data'),
    path: join(dir, 'archive'),
    gathered: join(dir, 'gathered'),
    data: join(dir, 'data'),
  })),
  specimen('backup_facts', 'of an archive that is not there', 'none', (dir) => ({
    members: 'db',
    path: join(dir, 'archive'),
    key: join(dir, 'key'),
  })),
];

const ROLE = {
  login: true,
  superuser: false,
  replication: false,
  createdb: false,
  createrole: false,
  verifier: null,
  memberOf: ['a', 'b"c'],
};

/** The stub of psql answers this before and after the statements. */
function server(machine: StubMachine, before: object, after: object): void {
  machine.write('psql.answer', JSON.stringify(before));
  machine.write('psql.after', JSON.stringify(after));
  machine.write('passwd', 'postgres:x:100:100::/var/lib/postgresql:/bin/bash\n');
}

const ROLES: readonly Specimen[] = [
  ...NAMES.map((name) =>
    specimen(
      'postgresql_role',
      `named ${JSON.stringify(name)}`,
      'create',
      (_dir, machine) => {
        server(machine, { inRecovery: false, role: null }, { inRecovery: false, role: ROLE });
        return {
          members: 'db',
          name,
          login: true,
          password: Secret.open(`${name} hunter22`),
          member_of: ['b"c'],
        };
      },
      true,
    ),
  ),
  specimen('postgresql_role', 'on a standby alone', 'blocked', (_dir, machine) => {
    server(machine, { inRecovery: true, role: null }, {});
    return { members: 'db', name: 'app' };
  }),
  specimen('postgres_facts', 'of a server that is not there', 'none', () => ({ members: 'db' })),
];

/** Writes a file as `systemd_unit` would, and returns its content. */
function readable(dir: string, name: string, text: string): string {
  chmodSync(seeded(dir, name, text), 0o644);
  return text;
}

function seeded(dir: string, name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

export const INSTALL_SPECIMENS: readonly Specimen[] = [...ARCHIVES, ...RELEASES, ...FILES, ...ROLES];
