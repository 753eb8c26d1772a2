/** A sidecar's fields (docs/backup-format.md): texts, numbers, booleans. */
export type Sidecar = { readonly [field: string]: unknown };

/** From the file in base64; undefined where it is none that can be read. */
export function sidecarFrom(base64: string): Sidecar | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Sidecar {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
