import type { BaseAgent, IdentityCallback, ParsedKey } from 'ssh2';
import ssh2 from 'ssh2';

/** How ssh2 answers; its types leave the error out. */
type Found = (error: Error | null | undefined, keys?: readonly ParsedKey[]) => void;

/** An agent that offers only these of its keys: a host hangs up after a few that it does not know. */
export function agentWithOnly(socket: string, wanted: readonly Buffer[]): BaseAgent<ParsedKey> {
  return new NamedKeysAgent(socket, wanted);
}

/** Whether an agent has this key. */
export function agentHas(socket: string, wanted: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const found: Found = (error, keys = []) => resolve(!error && keys.some((key) => isOneOf(key, [wanted])));
    new ssh2.OpenSSHAgent(socket).getIdentities(found as unknown as IdentityCallback<ParsedKey>);
  });
}

class NamedKeysAgent extends ssh2.OpenSSHAgent {
  readonly #wanted: readonly Buffer[];

  constructor(socket: string, wanted: readonly Buffer[]) {
    super(socket);
    this.#wanted = wanted;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    const answer = callback as unknown as Found;
    const found: Found = (error, keys = []) =>
      answer(
        error,
        keys.filter((key) => isOneOf(key, this.#wanted)),
      );
    super.getIdentities(found as unknown as IdentityCallback<ParsedKey>);
  }
}

function isOneOf(key: ParsedKey, wanted: readonly Buffer[]): boolean {
  return wanted.some((one) => key.getPublicSSH().equals(one));
}
