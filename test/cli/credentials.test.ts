import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseArgs } from '../../src/cli/args.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { credentials, secretsOf } from '../../src/cli/credentials.ts';
import { readSettings } from '../../src/cli/settings.ts';
import type { Host } from '../../src/core/host.ts';

interface Context {
  dir: string;
  host: Host;
}

const test = suite<Context>('credentials');

test.before((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'fanops-credentials-'));
  const key = join(context.dir, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'open sesame', '-f', key]);
  context.host = { connection: 'ssh', privateKeyFile: key } as unknown as Host;
  const files = { phrase: 'open sesame\nnot this\n', sudo: 'pä$$ "word"\r\n', wrong: 'no\n', empty: '\n' };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(context.dir, name), text);
});

test.after(({ dir }) => rmSync(dir, { recursive: true }));

async function given({ dir, host }: Context, ...argv: string[]): Promise<string[]> {
  const spec = COMMANDS.find((command) => command.spec.name === 'plan')?.spec;
  if (!spec) throw new Error('no plan');
  const args = parseArgs(spec, ['p.yml', ...argv]);
  const found = await credentials(args, readSettings(args, {}, dir), [host]);
  return secretsOf(found).map((secret) => secret.expose());
}

test('passphrases and the password for sudo come from the first line of files', async (context) => {
  assert.equal(await given(context, '--key-passphrase-file', 'phrase', '--become-password-file', 'sudo'), [
    'open sesame',
    'pä$$ "word"',
  ]);
});

test('what is missing or wrong is said before anything is connected to', async (context) => {
  const { dir } = context;
  const cases: readonly (readonly [string[], string])[] = [
    [['--key-passphrase-file', 'wrong'], `the passphrase in ${dir}/wrong does not open the key ${dir}/key`],
    [
      ['--key-passphrase-file', 'empty'],
      `the passphrase was expected on the first line of ${dir}/empty, found an empty line`,
    ],
    [
      ['--become-password-file', 'none-such'],
      `the password for sudo was expected on the first line of ${dir}/none-such, found no such file`,
    ],
  ];
  for (const [argv, message] of cases) {
    const error = await given(context, ...argv).catch((e: unknown) => e);
    assert.is((error as Error).message, message);
  }
});

test('nothing is asked for where there is no terminal: a locked key stays locked, -K is a mistake', async (context) => {
  const input = process.stdin.isTTY;
  process.stdin.isTTY = false;
  try {
    assert.equal(await given(context), []);
    const error = await given(context, '-K').catch((e: unknown) => e);
    assert.is((error as Error).message, 'password for sudo: there is no terminal to ask on');
  } finally {
    process.stdin.isTTY = input;
  }
});

test.run();
