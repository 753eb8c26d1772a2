import type { Resource } from '../core/resource.ts';
import { lines, sh } from '../core/shell.ts';
import { milliseconds } from './parts/duration.ts';
import { duration, object } from './parts/schema.ts';

export type RebootArgs = { readonly timeout?: string | number };

/** Which start the host runs since: the kernel's, and in a container that of its first process. */
const BOOT = sh`cat /proc/sys/kernel/random/boot_id && sed 's/.*) //' /proc/1/stat | cut -d ' ' -f 20`;

/** Detached and a moment later: the batch is to end, and to say so, before the host goes down. */
const RESTART = lines(
  BOOT,
  sh`if [ -d /run/systemd/system ]; then how='systemctl reboot'; else how='reboot'; fi`,
  sh`command -v "\${how%% *}" >/dev/null || { echo "there is no $how on this host" >&2; exit 1; }`,
  sh`setsid sh -c "sleep 1; exec $how" </dev/null >/dev/null 2>&1 &`,
);

export const reboot: Resource<RebootArgs, { readonly rebooted: boolean }> = {
  name: 'reboot',
  kind: 'action',
  scope: 'host',
  summary: 'Reboots the host and waits until it is back: it answers again, and runs since another start.',
  examples: [
    {
      title: 'A new kernel',
      yaml: `- name: Start the host anew
  reboot: { timeout: 5m }
`,
    },
  ],
  schema: object({ timeout: duration('How long it may take; 10m when absent.') }),
  result: object({ rebooted: { type: 'boolean', description: 'Whether it was.' } }, ['rebooted']),
  identity: [],
  address: () => 'reboot',
  needs: () => [],
  diff: () => ({ action: 'run', risk: 'interrupts', fields: [], reason: 'reboots the host' }),
  commands: ({ timeout = '10m' }) => [
    { kind: 'shell', script: RESTART.text, display: 'reboot', timeoutMs: 30_000 },
    { kind: 'reboot', boot: BOOT.text, withinMs: milliseconds(timeout), display: 'wait for the reboot' },
  ],
  touches: () => [{ on: 'anything' }],
  registered: (_args, _change, outputs) => ({ rebooted: outputs.length > 0 }),
};
