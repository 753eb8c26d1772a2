import { spawn } from 'node:child_process';
import { sshArguments } from './readiness.ts';
import type { LabHost, LabSettings } from './settings.ts';

/** Hands the terminal over to the system's ssh; returns its exit status (255: no contact). */
export function sshTo(settings: LabSettings, host: LabHost, command: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', [...sshArguments(settings, host), ...command], { stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 255));
  });
}
