import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Action } from '../../src/core/change.ts';
import { MASK, Secret } from '../../src/core/secret.ts';
import { DATABASE_SPECIMENS } from './database-specimens.ts';
import { EDIT_SPECIMENS } from './edit-specimens.ts';
import { INSTALL_SPECIMENS } from './install-specimens.ts';
import { PROGRAM_SPECIMENS } from './program-specimens.ts';
import { type StubMachine, unitFile } from './stub-machine.ts';

/** One way to use a resource, from a state in which it has something to do. */
export interface Specimen {
  readonly resource: string;
  readonly title: string;
  readonly action: Action;
  /** It is about an odd name or content. */
  readonly hostile: boolean;
  /** Prepares the folder and the stubs, and returns the arguments. */
  prepare(dir: string, machine: StubMachine): Record<string, unknown>;
}

/** Names that a careless script stumbles over. */
export const HOSTILE_NAMES: readonly string[] = [
  'plain',
  'with space',
  ' leading and trailing ',
  "single'quote",
  'double"quote',
  '$(touch pwned)',
  '`touch pwned`',
  '$HOME',
  '-rf',
  '--help',
  'new\nline\n',
  'back\\slash\\n',
  'grüße-日本語',
  '*',
  '~',
  ';|&<>(){}[]!#%s',
  '..hidden',
  'n'.repeat(200),
];

/** Contents that a careless script changes on the way. */
export const HOSTILE_CONTENTS: readonly string[] = [
  '',
  'no newline at the end',
  'two newlines\n\n',
  '\n\n\nleading',
  'a\r\nb\r\n',
  '$(touch pwned) `id` $HOME \\ \\n %s \'"',
  '-n\n',
  'grüße 日本語\n',
  'EOF\nEND\n',
  'nul\0inside',
  `${'x'.repeat(1023)}\n`.repeat(1024),
];

function seeded(dir: string, name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

function specimen(resource: string, title: string, action: Action, prepare: Specimen['prepare']): Specimen {
  return { resource, title, action, prepare, hostile: false };
}

/** The same for every odd name and content. */
const HOSTILE: readonly Specimen[] = [
  ...HOSTILE_NAMES.flatMap((name) => [
    specimen('file', `named ${JSON.stringify(name)}`, 'create', (dir) => ({
      path: join(dir, name),
      content: 'x\n',
    })),
    specimen('directory', `named ${JSON.stringify(name)}`, 'create', (dir) => ({ path: join(dir, name) })),
    specimen('link', `named ${JSON.stringify(name)}`, 'create', (dir) => ({
      path: join(dir, name),
      target: name,
    })),
    specimen('template', `named ${JSON.stringify(name)}, over an old one`, 'update', (dir) => ({
      dest: seeded(dir, name, 'old\n'),
      content: 'new\n',
      validate: 'grep -q new %s',
    })),
    specimen('file', `named ${JSON.stringify(name)}, to be removed`, 'delete', (dir) => ({
      path: seeded(dir, name, 'old\n'),
      state: 'absent',
    })),
    specimen('command', `told ${JSON.stringify(name)}`, 'run', () => ({ argv: ['printf', '%s', name] })),
    specimen('stat', `of ${JSON.stringify(name)}`, 'none', (dir) => ({ path: seeded(dir, name, '') })),
  ]),
  ...HOSTILE_CONTENTS.flatMap((content) => {
    const shown = JSON.stringify(content.slice(0, 20));
    return [
      specimen('file', `holding ${shown}`, 'create', (dir) => ({ path: join(dir, 'f'), content })),
      specimen('template', `holding the secret ${shown}`, 'create', (dir) => ({
        dest: join(dir, 'f'),
        content: Secret.open(content, MASK),
      })),
      specimen('copy', `of a file holding ${shown}`, 'create', (dir) => ({
        dest: join(dir, 'f'),
        src: 'source',
        source: {
          path: seeded(dir, 'source', content),
          sha256: createHash('sha256').update(content).digest('hex'),
          size: Buffer.byteLength(content),
        },
      })),
    ];
  }),
  ...HOSTILE_NAMES.map((name) =>
    specimen('random_secret', `named ${JSON.stringify(name)}`, 'create', (dir) => ({
      path: join(dir, name),
      members: 'db',
    })),
  ),
].map((one) => ({ ...one, hostile: true }));

export const SPECIMENS: readonly Specimen[] = [
  ...HOSTILE,
  specimen('file', 'with its permissions alone', 'update', (dir) => ({
    path: seeded(dir, 'f', 'x'),
    mode: '0400',
  })),
  specimen('file', 'with setuid and setgid', 'create', (dir) => ({
    path: join(dir, 'f'),
    content: 'x',
    mode: '6755',
  })),
  specimen('file', 'reached through a link', 'update', (dir) => {
    seeded(dir, 'real', 'old\n');
    symlinkSync('real', join(dir, 'link'));
    return { path: join(dir, 'link'), content: 'new\n' };
  }),
  specimen('file', 'in the place of a link', 'update', (dir) => {
    seeded(dir, 'real', 'old\n');
    symlinkSync('real', join(dir, 'link'));
    return { path: join(dir, 'link'), content: 'new\n', follow: false };
  }),
  specimen('file', 'at the end of a link that led nowhere', 'create', (dir) => {
    symlinkSync('missing', join(dir, 'link'));
    return { path: join(dir, 'link'), content: 'new\n' };
  }),
  specimen('directory', 'with its permissions', 'create', (dir) => ({ path: join(dir, 'd'), mode: '2770' })),
  specimen('directory', 'that loses its setgid bit', 'update', (dir) => {
    mkdirSync(join(dir, 'd'));
    chmodSync(join(dir, 'd'), 0o2755);
    return { path: join(dir, 'd'), mode: '0700' };
  }),
  specimen('directory', 'with parents', 'create', (dir) => ({
    path: join(dir, 'a', 'b', 'c'),
    parents: true,
  })),
  specimen('directory', 'that is empty, to be removed', 'delete', (dir) => {
    mkdirSync(join(dir, 'd'));
    return { path: join(dir, 'd'), state: 'absent' };
  }),
  specimen('link', 'switched over', 'update', (dir) => {
    symlinkSync('old', join(dir, 'link'));
    return { path: join(dir, 'link'), target: '-new' };
  }),
  specimen('link', 'forced over a file', 'update', (dir) => ({
    path: seeded(dir, 'f', 'x'),
    target: 'y',
    force: true,
  })),
  specimen('command', 'with everything', 'run', (dir) => ({
    cmd: 'sh -c \'cat; pwd; echo "$X"\'',
    chdir: dir,
    stdin: 'in',
    environment: { X: "a'b $(id)" },
    timeout: '5s',
  })),
  specimen('command', 'done already', 'none', (dir) => ({ cmd: 'false', creates: dir })),
  specimen('assert', 'that holds', 'none', () => ({ that: [{ expression: 'true', holds: true }] })),
  specimen('assert', 'that does not hold', 'blocked', () => ({
    that: [{ expression: '1 > 2', holds: false }],
    msg: 'no',
  })),
  specimen('advise', 'that is not needed', 'none', () => ({
    that: [{ expression: 'true', holds: true }],
    msg: 'never said',
  })),
  specimen('advise', 'that is said', 'none', () => ({
    that: [{ expression: '1 > 2', holds: false }],
    msg: 'said',
  })),
  specimen('package', 'one, and the lists are too old to know it', 'create', (_dir, machine) => {
    machine.write('upstream/etcd-server', '');
    return { name: 'etcd-server' };
  }),
  specimen('package', 'of which one is there', 'create', (_dir, machine) => {
    machine.write('available/jq', '');
    machine.write('installed/curl', '7.0');
    return { name: ['curl', 'jq'], recommends: true };
  }),
  specimen('package', 'of a version, held', 'create', (_dir, machine) => {
    machine.write('available/jq', '1.6-2\n1.7-1\n');
    return { name: 'jq', version: '1.*', hold: true };
  }),
  specimen('package', 'downgraded and not held', 'update', (_dir, machine) => {
    machine.write('available/jq', '1.6-2\n1.7-1\n');
    machine.write('installed/jq', '1.7-1');
    machine.write('installed/jq.held', '');
    return { name: 'jq', version: '1.6-2', hold: false };
  }),
  specimen('package', 'to be removed', 'delete', (_dir, machine) => {
    machine.write('installed/curl', '7.0');
    return { name: ['curl', 'jq'], state: 'absent' };
  }),
  specimen('service', 'to be started and enabled', 'update', (_dir, machine) => {
    machine.write('units/etcd.service', unitFile());
    return { name: 'etcd', state: 'started', enabled: true };
  }),
  specimen('service', 'that is not waited for', 'update', (_dir, machine) => {
    machine.write('units/etcd.service', unitFile());
    return { name: 'etcd', state: 'started', no_block: true };
  }),
  specimen('service', 'to be stopped and disabled', 'update', (_dir, machine) => {
    machine.write('units/a@1.service', unitFile({ active: 'active', file: 'enabled' }));
    return { name: 'a@1', state: 'stopped', enabled: false };
  }),
  specimen('service', 'whose unit changed', 'update', (_dir, machine) => {
    machine.write('units/etcd.service', unitFile({ active: 'active', file: 'enabled', reload: 'yes' }));
    return { name: 'etcd', state: 'started' };
  }),
  specimen('group', 'to be made', 'create', () => ({ name: 'dba', gid: 444, system: true })),
  specimen('group', 'with another number', 'update', (_dir, machine) => {
    machine.write('group', 'dba:x:1:\n');
    return { name: 'dba', gid: 444 };
  }),
  specimen('group', 'to be removed', 'delete', (_dir, machine) => {
    machine.write('group', 'dba:x:1:\n');
    return { name: 'dba', state: 'absent' };
  }),
  specimen('user', 'to be made', 'create', (_dir, machine) => {
    machine.write('group', 'dba:x:1:\nssl:x:2:\n');
    return {
      name: 'backup',
      group: 'dba',
      groups: ['ssl'],
      uid: 4444,
      home: '/srv/b',
      shell: '/bin/bash',
      system: true,
    };
  }),
  specimen('user', 'that lacks a group', 'update', (_dir, machine) => {
    machine.write('group', 'dba:x:1:\nssl:x:2:\n');
    machine.write('passwd', 'backup:x:7:1::/home/backup:/bin/bash\n');
    return { name: 'backup', groups: ['ssl', 'dba'] };
  }),
  specimen('user', 'to be removed', 'delete', (_dir, machine) => {
    machine.write('group', 'dba:x:1:\n');
    machine.write('passwd', 'backup:x:7:1::/home/backup:/bin/bash\n');
    return { name: 'backup', state: 'absent' };
  }),
  specimen('random_secret', 'in hexadecimal', 'create', (dir) => ({
    path: join(dir, 's'),
    members: 'db',
    bytes: 16,
    encoding: 'hex',
    mode: '0640',
  })),
  specimen('random_secret', 'with permissions too wide', 'update', (dir) => ({
    path: seeded(dir, 's', 'made by hand'),
    members: 'db',
  })),
  specimen('data_directory_facts', 'of a directory that is not there', 'none', (dir) => ({
    path: join(dir, 'data'),
    members: 'db',
  })),
  specimen('host_facts', 'of a machine without Patroni', 'none', (dir) => ({
    members: 'db',
    patroni_config: join(dir, 'none.yml'),
  })),
  specimen('path_facts', 'of an empty directory', 'none', (dir) => ({ path: dir, members: 'db' })),
  specimen('escrow_facts', 'of a key that is not there', 'none', (dir) => ({
    members: 'db',
    key: join(dir, 'key'),
    marker: join(dir, 'marker'),
  })),
  specimen('wait_for', 'a path that is there', 'none', (dir) => ({
    path: dir,
    timeout: '1s',
    every: '100ms',
  })),
  ...INSTALL_SPECIMENS,
  ...PROGRAM_SPECIMENS,
  ...EDIT_SPECIMENS,
  ...DATABASE_SPECIMENS,
];
