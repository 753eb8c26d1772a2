import { blocked, NONE } from '../core/change.ts';
import type { FactRequest, FactView, Looked } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { type HttpInfo, httpFact } from '../facts/http.ts';
import { patroniFact } from '../facts/patroni.ts';
import { placeFact } from '../facts/place.ts';
import { portFact } from '../facts/port.ts';
import { unitFact } from '../facts/unit.ts';
import { milliseconds } from './parts/duration.ts';
import { patternOf } from './parts/edited-file.ts';
import { type PatroniWish, patroniMet, showWish } from './parts/patroni-wish.ts';
import { absolutePath, duration, object, oneOf, text, URL } from './parts/schema.ts';
import { unitName } from './service.ts';

export type WaitForArgs = {
  readonly port?: number;
  readonly host?: string;
  readonly path?: string;
  readonly unit?: string;
  readonly patroni?: PatroniWish;
  readonly url?: string;
  readonly status?: number;
  readonly body?: string;
  readonly timeout?: string | number;
  readonly every?: string | number;
};

type Met = { readonly met: boolean; readonly seen: string };

export const waitFor: Resource<WaitForArgs, { readonly seen: string; readonly waited_ms: number }> = {
  name: 'wait_for',
  kind: 'action',
  scope: 'host',
  summary:
    'Waits until a port answers, a path exists, a unit is active, a page answers, or Patroni is as wanted.',
  examples: [
    {
      title: 'A service that answers',
      yaml: `- name: Wait for Patroni's page
  wait_for: { url: "http://{{inventory_hostname}}:8008/patroni", body: '"state": "running"', timeout: 2m }
`,
    },
  ],
  schema: {
    ...object({
      port: {
        type: 'integer',
        minimum: 1,
        maximum: 65_535,
        description: 'A TCP port that must accept a connection.',
      },
      host: text('Where the port is, as the managed host sees it; 127.0.0.1 when absent.'),
      path: absolutePath('A path that must exist.'),
      unit: text('A systemd unit that must be active.'),
      patroni: {
        ...object({
          role: oneOf(['leader', 'replica'], 'What the Patroni of this host must be.'),
          members: {
            type: 'integer',
            minimum: 1,
            description: 'How many members, the leader among them, must run on one timeline.',
          },
          port: {
            type: 'integer',
            minimum: 1,
            maximum: 65_535,
            default: 8008,
            description: "Of Patroni's REST interface.",
          },
        }),
        description: 'The Patroni of this host must run, and as said here.',
      },
      url: { ...URL, description: 'A page that must answer, asked for from the host (with curl).' },
      status: {
        type: 'integer',
        minimum: 100,
        maximum: 599,
        description: 'What the page must answer with; from 200 to 299 when absent.',
      },
      body: text('A regular expression (of JavaScript) that must match what the page says.'),
      timeout: duration('How long at most; 5m when absent.'),
      every: duration('How long between two looks; 1s when absent.'),
    }),
    oneOf: ['port', 'path', 'unit', 'patroni', 'url'].map((name) => ({ required: [name] })),
    dependentRequired: { status: ['url'], body: ['url'], host: ['port'] },
  },
  result: object(
    {
      seen: text('What was seen last.'),
      waited_ms: { type: 'integer', description: 'How long it took. Milliseconds.' },
    },
    ['seen', 'waited_ms'],
  ),
  identity: [],
  address: (args) => `wait_for ${wishOf(args)}`,
  needs: (args) => [probeOf(args)],
  // What is there already need not be waited for: a plan of a finished host is empty.
  diff(args, facts) {
    const pattern = patternOf('body', args.body);
    if (pattern && 'problem' in pattern) return blocked(pattern.problem);
    if (met(args, facts).met) return NONE;
    return { action: 'run', risk: 'reads', fields: [], reason: `waits for ${wishOf(args)}` };
  },
  commands: (args) => [
    {
      kind: 'await',
      probe: [probeOf(args)],
      everyMs: milliseconds(args.every ?? '1s'),
      withinMs: milliseconds(args.timeout ?? '5m'),
      display: `wait for ${wishOf(args)}`,
    },
  ],
  touches: () => [],
  registered: (args, _change, [output], facts) => ({
    seen: output?.stdout ?? met(args, facts).seen,
    waited_ms: output?.durationMs ?? 0,
  }),
  met,
};

function probeOf({ port, host, path, unit, url, patroni }: WaitForArgs): FactRequest {
  if (url !== undefined) return httpFact(url);
  if (port !== undefined) return portFact(host ?? '127.0.0.1', port);
  if (path !== undefined) return placeFact(path);
  if (unit !== undefined) return unitFact(unitName(unit));
  return patroniFact(patroni?.port);
}

function met(args: WaitForArgs, facts: FactView): Met {
  const { port, host = '127.0.0.1', path, unit, url, patroni } = args;
  if (url !== undefined) return judged(facts.get(httpFact(url)), url, (page) => pageMet(args, page));
  if (port !== undefined)
    return judged(facts.get(portFact(host, port)), `port ${port}`, ({ open, reason }) => ({
      met: open,
      seen: `${host}:${port} ${open ? 'is open' : `is closed (${reason})`}`,
    }));
  if (path !== undefined)
    return judged(facts.get(placeFact(path)), path, ({ type }) => ({
      met: true,
      seen: `${path} is a ${type}`,
    }));
  if (unit !== undefined)
    return judged(facts.get(unitFact(unitName(unit))), unitName(unit), ({ active, sub }) => ({
      met: active === 'active',
      seen: `${unitName(unit)} is ${active} (${sub})`,
    }));
  return judged(facts.get(patroniFact(patroni?.port)), 'Patroni', (view) => patroniMet(patroni ?? {}, view));
}

function pageMet({ url, status, body }: WaitForArgs, page: HttpInfo): Met {
  const pattern = patternOf('body', body);
  const isStatus = status === undefined ? page.status >= 200 && page.status < 300 : page.status === status;
  const isBody = pattern === undefined || (!('problem' in pattern) && pattern.test(page.body));
  const said = isStatus && !isBody ? `, and says ${JSON.stringify(page.body.slice(0, 60))}` : '';
  return { met: isStatus && isBody, seen: `${url} answers ${page.status}${said}` };
}

function judged<V>(looked: Looked<V>, what: string, judge: (value: V) => Met): Met {
  if (looked.state === 'value') return judge(looked.value);
  return { met: false, seen: looked.state === 'absent' ? `${what} is not there` : looked.reason };
}

function wishOf({ port, host, path, unit, url, status, body, patroni }: WaitForArgs): string {
  if (url !== undefined)
    return `${url} to answer${status === undefined ? '' : ` ${status}`}${body === undefined ? '' : ` and say /${body}/`}`;
  if (port !== undefined) return `${host ?? '127.0.0.1'}:${port} to be open`;
  if (path !== undefined) return `${path} to exist`;
  return unit !== undefined ? `${unitName(unit)} to be active` : showWish(patroni ?? {});
}
