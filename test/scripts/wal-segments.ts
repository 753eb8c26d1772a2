// WAL segments as PostgreSQL 15 heads them, of any size and content.
import { createHash } from 'node:crypto';

export const SYSTEM = '7711173371281793642';

/** The name of the segment at `number` (of 1 MiB unless told) on timeline 1. */
export function segmentName(number: number, size = 1 << 20): string {
  const perLog = 2 ** 32 / size;
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0');
  return `00000001${hex(Math.floor(number / perLog))}${hex(number % perLog)}`;
}

/** A whole segment: its header says where it belongs and of which system it is; the rest is zeros but for `seed`. */
export function segmentOf(name: string, seed = '', size = 1 << 20, system = SYSTEM): Buffer {
  const bytes = Buffer.alloc(size);
  const log = Number.parseInt(name.slice(8, 16), 16);
  const inLog = Number.parseInt(name.slice(16, 24), 16);
  bytes.writeUInt16LE(0xd110, 0);
  bytes.writeUInt16LE(0x0002, 2);
  bytes.writeUInt32LE(Number.parseInt(name.slice(0, 8), 16), 4);
  bytes.writeBigUInt64LE((BigInt(log) << 32n) + BigInt(inLog) * BigInt(size), 8);
  bytes.writeBigUInt64LE(BigInt(system), 24);
  bytes.writeUInt32LE(size, 32);
  bytes.writeUInt32LE(8192, 36);
  if (seed !== '') createHash('sha512').update(seed).digest().copy(bytes, 8192);
  return bytes;
}
