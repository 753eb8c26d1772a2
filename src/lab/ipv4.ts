/** An IPv4 network such as 10.99.77.0/24. */
export interface Network {
  /** The first address as a number; its host bits are zero. */
  readonly base: number;
  readonly prefix: number;
}

/** Reads `a.b.c.d/n`; undefined when the text is not a network (host bits must be zero). */
export function parseNetwork(text: string): Network | undefined {
  const found = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const base = found ? parseAddress(found[1] ?? '') : undefined;
  const prefix = Number(found?.[2]);
  if (base === undefined || prefix > 32) return undefined;
  return base % 2 ** (32 - prefix) === 0 ? { base, prefix } : undefined;
}

/** Reads `a.b.c.d` as a number; undefined when it is not an address. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) < 256)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatNetwork(network: Network): string {
  return `${formatAddress(network.base)}/${network.prefix}`;
}

/** The address that is `offset` above the first one of the network, as text. */
export function addressAt(network: Network, offset: number): string {
  return formatAddress(network.base + offset);
}

/** How many addresses the network has. */
export function sizeOf(network: Network): number {
  return 2 ** (32 - network.prefix);
}

export function overlaps(a: Network, b: Network): boolean {
  return a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a);
}

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
