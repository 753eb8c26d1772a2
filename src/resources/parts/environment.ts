import type { Source } from '../../core/command.ts';
import type { JsonSchema } from '../../core/resource.ts';
import { Secret } from '../../core/secret.ts';
import { lines, Script, sh } from '../../core/shell.ts';

/** Variables of a process. Secret ones reach it by its script's stdin: they stand in no script and no argument. */
export type Environment = { readonly [name: string]: string | Secret };

export const ENVIRONMENT: JsonSchema = {
  type: 'object',
  propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
  additionalProperties: { type: 'string' },
  description:
    'Environment variables, beside those of `environment` at the task, its blocks and its play; they may be secret.',
  'x-secret': true,
  'x-inherits': true,
};

/** Takes the secret variables off the head of stdin, a line each: known to the shell, and to no program yet. */
export function takeSecrets(environment: Environment = {}): Script | undefined {
  const names = secretsOf(environment).map((_, index) => sh`IFS= read -r ${held(index)} || exit`);
  return names.length === 0 ? undefined : lines(...names);
}

/** Hands the variables to what runs next. The shell drops newlines at the end of an output: the dot keeps them. */
export function exported(environment: Environment = {}): Script[] {
  const secrets = secretsOf(environment).map(([name]) => name);
  const from = (name: string): Script => new Script(held(secrets.indexOf(name)));
  return [
    // Before any other: with another PATH there may be no base64.
    ...secrets.map((name) => sh`${from(name)}=$(printf %s "$${from(name)}" | base64 -d && echo .) || exit`),
    ...Object.entries(environment).map(([name, value]) =>
      value instanceof Secret
        ? lines(sh`export ${name}="\${${from(name)}%.}"`, sh`unset ${from(name)}`)
        : sh`export ${name}=${value}`,
    ),
  ];
}

/** What a command reads, behind its secret variables. */
export function withSecrets(source: Source | undefined, environment: Environment = {}): Source | undefined {
  const secrets = secretsOf(environment).map(([, secret]) => secret.expose());
  if (secrets.length === 0) return source;
  const sent = secrets.map((text) => `${Buffer.from(text).toString('base64')}\n`);
  return { ...(source ?? { kind: 'text', text: '' }), before: Secret.open(sent.join('')) };
}

/** Why the secret variables cannot be handed over; undefined where they can. */
export function secretsProblem(environment: Environment = {}, longest: number): string | undefined {
  for (const [name, secret] of secretsOf(environment)) {
    if (!secret.isOpen) return `the variable ${name} is a secret whose value is not known here`;
    const text = secret.expose();
    if (Buffer.byteLength(text) > longest)
      return `the secret variable ${name} is longer than ${longest} bytes: use stdin or a file`;
    if (text.includes('\0'))
      return `the secret variable ${name} holds a NUL byte, which no program can be given: use stdin or a file`;
  }
  return undefined;
}

export function secretsOf(environment: Environment = {}): [name: string, secret: Secret][] {
  return Object.entries(environment).filter((entry): entry is [string, Secret] => entry[1] instanceof Secret);
}

function held(index: number): string {
  return `fanops_secret_${index + 1}`;
}
