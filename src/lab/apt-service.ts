import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { outerApt } from './apt-outer.ts';
import type { AptProxyOptions } from './apt-proxy.ts';
import { isPopulated, removeGroup } from './cgroup.ts';
import type { CgroupLayout } from './cgroup-layout.ts';
import { startDetached } from './detached.ts';
import { LabFailure } from './failure.ts';
import { placesOf } from './places.ts';
import { type LabSettings, outerName } from './settings.ts';

const START_WITHIN_MS = 10_000;

/** Starts the hosts' way to packages, on the bridge's address; nothing when it runs already. */
export async function ensureAptProxy(layout: CgroupLayout, settings: LabSettings): Promise<void> {
  const name = outerName(settings, 'apt');
  if (isPopulated(layout, name)) return;
  await removeGroup(layout, name);
  const { aptLog } = placesOf(settings);
  const options: AptProxyOptions = {
    ...(await outerApt()).proxy,
    address: settings.gateway,
    port: settings.aptPort,
    cache: join(settings.cache, 'debs'),
  };
  // Beside this one, compiled as it is.
  const program = join(import.meta.dirname, `apt-proxy-main${extname(import.meta.filename)}`);
  startDetached(
    layout,
    name,
    [process.execPath, '--disable-warning=ExperimentalWarning', program, JSON.stringify(options)],
    { pid: `${aptLog}.pid`, log: aptLog },
  );
  await waitForPort(layout, settings);
}

async function waitForPort(layout: CgroupLayout, settings: LabSettings): Promise<void> {
  const name = outerName(settings, 'apt');
  const { aptLog } = placesOf(settings);
  const end = Date.now() + START_WITHIN_MS;
  const grace = Date.now() + 1_000;
  for (;;) {
    const answers = await accepts(settings.gateway, settings.aptPort);
    const runs = isPopulated(layout, name);
    if (answers && runs) return;
    if (Date.now() > end || (Date.now() > grace && !runs)) break;
    await sleep(50);
  }
  const log = readFileSync(aptLog, 'utf8').trim().split('\n').slice(-5).join('\n');
  throw new LabFailure(
    `the proxy for apt did not start on ${settings.gateway}:${settings.aptPort}; ` +
      `if the port is taken, set FANOPS_LAB_APT_PORT (--apt-port) to another. Its log ${aptLog} ends:\n${log}`,
  );
}

function accepts(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address, port });
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
