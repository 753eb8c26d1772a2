import type { Answer, FactKind, FactRequest, Looked } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { ABSENT, found, unreadable } from './frames.ts';
import { PROLOGUE } from './stat.ts';

/** What `systemctl show` says of a unit; one that systemd does not know is absent. */
export interface UnitInfo {
  /** LoadState: loaded, masked, error, bad-setting. */
  readonly load: string;
  /** ActiveState: active, reloading, inactive, failed, activating, deactivating. */
  readonly active: string;
  readonly sub: string;
  /** UnitFileState: enabled, disabled, static, indirect, generated, masked and more; empty for none. */
  readonly file: string;
  /** Its files changed since systemd read them. */
  readonly needsReload: boolean;
  readonly mainPid: number;
}

const PROPERTIES = ['LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'NeedDaemonReload', 'MainPID'];

export const unit: FactKind<string, UnitInfo> = {
  name: 'unit',
  scope: 'host',
  timeoutMs: 30_000,
  look: (subjects) => ({
    kind: 'shell',
    script: lines(PROLOGUE, sh`systemctl show --property=${PROPERTIES.join(',')} -- ${subjects}`).text,
  }),

  // One block per unit, in the order asked for, an empty line between.
  parse(answer, subjects) {
    const blocks = answer.stdout.toString('utf8').trim().split(/\n\n+/);
    if (answer.status !== 0 || blocks.length !== subjects.length) return subjects.map(() => notAsked(answer));
    return blocks.map(infoOf);
  },

  dependsOn: (subject) => [{ on: 'unit', name: subject }],
};

/** @param name with its suffix: `etcd.service`. */
export function unitFact(name: string): FactRequest<UnitInfo> {
  return { kind: 'unit', subject: name };
}

function infoOf(block: string): Looked<UnitInfo> {
  const property = new Map(
    block.split('\n').map((line) => [before(line), line.slice(before(line).length + 1)]),
  );
  const load = property.get('LoadState');
  if (load === undefined) return unreadable(`systemctl show answered without a LoadState: ${block}`);
  if (load === 'not-found') return ABSENT;
  return found({
    load,
    active: property.get('ActiveState') ?? '',
    sub: property.get('SubState') ?? '',
    file: property.get('UnitFileState') ?? '',
    needsReload: property.get('NeedDaemonReload') === 'yes',
    mainPid: Number(property.get('MainPID') ?? 0),
  });
}

function before(line: string): string {
  return line.split('=', 1)[0] ?? '';
}

function notAsked(answer: Answer): Looked<never> {
  const said = answer.stderr.trim().split('\n')[0] || `exit status ${answer.status}`;
  return unreadable(`systemd could not be asked: ${said}`);
}
