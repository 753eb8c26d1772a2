import type { FactKind, FactRequest, Looked } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { byFirst, found, framesOf, unanswered } from './frames.ts';
import { PROLOGUE } from './stat.ts';

/** Who a machine says that it is. What it does not know is empty. */
export interface Machine {
  readonly hostname: string;
  /** Of its installation: machines made from one image may share it. */
  readonly machineId: string;
  /** Of its running kernel: no other machine has it. */
  readonly bootId: string;
  /** The member's name in Patroni's settings. */
  readonly patroniName: string;
  /** Why its settings are there and could not be read. */
  readonly trouble: string;
}

/** The subject is the path of Patroni's settings. */
export const machine: FactKind<string, Machine> = {
  name: 'machine',
  scope: 'host',
  timeoutMs: 10_000,

  look(subjects) {
    const script = lines(
      PROLOGUE,
      sh`h=$(uname -n) m=$(cat /etc/machine-id 2>/dev/null) b=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)`,
      sh`for p in ${subjects}; do`,
      sh`n= t=; [ ! -e "$p" ] || n=$(sed -n 's/^name: *//p' "$p" 2>&1) || t=\${n:-unknown} n=`,
      sh`printf 'machine\\0%s\\0%s\\0%s\\0%s\\0%s\\0%s\\0' "$p" "$h" "$m" "$b" "$n" "$t"`,
      sh`done`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const seen = byFirst(framesOf(answer, { machine: 6 }), 'machine');
    return subjects.map((subject): Looked<Machine> => {
      const fields = seen.get(subject);
      if (!fields) return unanswered(answer, `the machine, and Patroni's settings in ${subject}`);
      const [, hostname = '', machineId = '', bootId = '', name = '', trouble = ''] = fields;
      const patroniName = name.trim().replace(/^(["'])(.*)\1$/, '$2');
      return found({ hostname, machineId, bootId, patroniName, trouble: trouble.trim() });
    });
  },

  dependsOn: (subject) => [{ on: 'path', path: subject }],
};

export function machineFact(subject: string): FactRequest<Machine> {
  return { kind: 'machine', subject };
}
