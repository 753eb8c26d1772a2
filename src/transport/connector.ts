import type { Connect, Session } from '../core/session.ts';
import type { JumpHosts } from './jump-hosts.ts';
import { localLink } from './local-link.ts';
import { openSession } from './session.ts';
import { type TransportSettings, withDefaults } from './settings.ts';
import { SudoPassword } from './sudo.ts';

/**
 * How everything reaches its hosts. `connector(settings)` gives core's `Connect`: a host in, a `Session` out.
 *
 * - `session.probe(script, { timeoutMs, mayHang?, as? })` runs what only looks. Many at once cost one round
 *   trip. Status 124: no answer in time. A script shares the session's shell unless it `mayHang` or runs `as`
 *   somebody; it has no stdin, and may not hold NUL.
 * - `session.run(batch, listener)` runs what changes: detached from the connection, once for a key. The outcome
 *   says how it ended; only contact that is not regained throws (`Unreachable`, which names the key). A
 *   `status` above 128 is usually 128 + signal; null: timed out, or not known.
 * - `session.cancel(key, signal)`, `session.halt(key)`, `session.strike(handlers)`, `session.close()`, `session.stats`, `session.hello`.
 *
 * Wrong requests (a NUL in a script, a bad key) throw `Error`; whatever is wrong with the connection throws
 * `Unreachable` with the cause in words. See docs/transport.md.
 */
export function connector(settings: TransportSettings = {}): Connect {
  const complete = withDefaults(settings);
  const { becomePassword } = complete;
  const sudo = becomePassword === undefined ? undefined : new SudoPassword(becomePassword);
  let jumpHosts: Promise<JumpHosts> | undefined;
  return async (host): Promise<Session> => {
    if (host.connection === 'local') return openSession(host, complete, async () => localLink(), sudo);
    // ssh2 takes time to load: only when it is needed.
    const { sshLink } = await import('./ssh-link.ts');
    jumpHosts ??= import('./jump-hosts.ts').then(({ JumpHosts }) => new JumpHosts(complete));
    const jumps = await jumpHosts;
    return openSession(host, complete, () => sshLink(host, complete, jumps), sudo);
  };
}
