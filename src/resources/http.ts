import { blocked, type Change } from '../core/change.ts';
import type { Command, CommandResult } from '../core/command.ts';
import type { Resource } from '../core/resource.ts';
import type { Secret } from '../core/secret.ts';
import { secretIn, type Value } from '../core/value.ts';
import { curlInput, curlScript, type HttpRequest } from './parts/curl.ts';
import { milliseconds } from './parts/duration.ts';
import { absolutePath, duration, flag, object, oneOf, text, URL } from './parts/schema.ts';
import { jsonText } from './parts/secret-json.ts';

export type HttpArgs = {
  readonly url: string;
  readonly method?: string;
  readonly headers?: { readonly [name: string]: string | Secret };
  readonly body?: string | Secret;
  readonly json?: Value;
  readonly status?: number | readonly number[];
  readonly follow_redirects?: boolean;
  readonly validate_certs?: boolean;
  readonly ca_file?: string;
  readonly timeout?: string | number;
};

type Result = {
  readonly status: number;
  readonly body: string;
  readonly json: Value;
  readonly truncated: boolean;
};

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const READING = ['GET', 'HEAD', 'OPTIONS'];
const STATUS = { type: 'integer', minimum: 100, maximum: 599 } as const;

export const http: Resource<HttpArgs, Result> = {
  name: 'http',
  kind: 'action',
  scope: 'host',
  summary: 'A request by HTTP, sent from the host with its curl.',
  examples: [
    {
      title: 'A page whose answer decides what follows',
      yaml: `- name: Ask Patroni
  http: { url: "http://{{inventory_hostname}}:8008/patroni", status: [200, 503] }
  register: patroni
- name: Its PostgreSQL runs
  assert: { that: patroni.json.state == 'running' }
`,
    },
    {
      title: 'A message, with a token that nobody sees',
      yaml: `- name: Say that it is done
  http:
    url: https://hooks.example.org/deploy
    method: POST
    headers: { Authorization: "Bearer {{optional 'hook_token' 'none'}}" }
    json: { text: "{{inventory_hostname}} is set up" }
`,
    },
  ],
  schema: {
    ...object(
      {
        url: { ...URL, description: 'The address; it is shown, so a secret goes into a header.' },
        method: { ...oneOf(METHODS, 'GET, HEAD and OPTIONS count as no change.'), default: 'GET' },
        headers: {
          type: 'object',
          propertyNames: { pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$" },
          additionalProperties: { type: 'string', pattern: '^[^\\n\\r\\u0000]*$' },
          'x-secret': true,
          description: 'Headers; their values may be secrets.',
        },
        body: { ...text('What is sent, as it is.'), 'x-secret': true },
        json: { 'x-secret': true, description: 'What is sent as JSON, instead of `body`.' },
        status: {
          anyOf: [STATUS, { type: 'array', items: STATUS, minItems: 1 }],
          'x-known-as': ['status_code'],
          description: 'What the server must answer; anything from 200 to 299 when absent.',
        },
        follow_redirects: flag('Go where the server sends to.', false),
        validate_certs: flag("Refuse a server whose certificate is not that host's.", true),
        ca_file: {
          ...absolutePath('Certificates on the host that are trusted instead of its own.'),
          'x-known-as': ['ca_path'],
        },
        timeout: duration('How long it may take; 30s when absent.'),
      },
      ['url'],
    ),
    not: { required: ['body', 'json'] },
  },
  result: object(
    {
      status: { type: 'integer', description: 'What the server answered; 0 when it was not asked.' },
      body: text('What it said.'),
      json: { description: 'The same, where it is JSON; else null.' },
      truncated: { type: 'boolean', description: 'It said more than is kept: `body` has its end missing.' },
    },
    ['status', 'body', 'json', 'truncated'],
  ),
  shorthand: 'url',
  identity: [],
  address: ({ url, method = 'GET' }) => `http ${method} ${url}`,
  needs: () => [],
  diff,
  commands: (args) => [request(args)],
  touches: ({ method = 'GET' }) => (READING.includes(method) ? [] : [{ on: 'anything' }]),
  registered: (_args, _change, [output]) => resultOf(output),
};

function diff({ url, method = 'GET', headers, body, json }: HttpArgs): Change {
  const sealed = [headers, body, json].some(
    (value) => value !== undefined && secretIn(value)?.isOpen === false,
  );
  if (sealed) return blocked(`the request to ${url} holds a secret whose value is not known here`);
  const odd = Object.entries(headers ?? {}).find(([, value]) => /[\n\r\0]/.test(open(value)));
  if (odd) return blocked(`the header ${odd[0]} holds the end of a line, or a NUL byte`);
  return { action: 'run', risk: READING.includes(method) ? 'reads' : 'changes', fields: [] };
}

function open(value: string | Secret): string {
  return typeof value === 'string' ? value : value.expose();
}

function request(args: HttpArgs): Command {
  const { url, method = 'GET', json, status, timeout = '30s' } = args;
  const body = json === undefined ? args.body : jsonText(json);
  const ms = milliseconds(timeout);
  const named = Object.entries(args.headers ?? {});
  const isTyped = named.some(([name]) => name.toLowerCase() === 'content-type');
  const type = json === undefined || isTyped ? [] : [['Content-Type', 'application/json'] as const];
  const wish: HttpRequest = {
    url,
    method,
    headers: [...named, ...type],
    ...(body === undefined ? {} : { body }),
    seconds: ms / 1000,
    follow: args.follow_redirects === true,
    verify: args.validate_certs !== false,
    ...(args.ca_file === undefined ? {} : { caFile: args.ca_file }),
  };
  const wanted = status === undefined ? ['2??'] : [status].flat().map(String);
  return {
    kind: 'shell',
    script: curlScript(body !== undefined, wanted).text,
    display: `${method} ${url}`,
    stdin: { kind: 'text', text: curlInput(wish) },
    // Curl ends by itself; this is for what hangs before it.
    timeoutMs: ms + 10_000,
  };
}

function resultOf(output: CommandResult | undefined): Result {
  const { stdout = '', truncated = false } = output ?? {};
  const [, body = '', code = '0'] = /^(.*?)\n(\d{3})$/s.exec(stdout) ?? [];
  return { status: Number(code), body, json: truncated ? null : jsonOf(body), truncated };
}

function jsonOf(body: string): Value {
  try {
    return JSON.parse(body) as Value;
  } catch {
    return null;
  }
}
