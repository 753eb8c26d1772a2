/** A handler's name as one word of letters, digits, dash, underscore and %: safe in a file name and a list. */
export function encodeHandler(name: string): string {
  return [...Buffer.from(name)].map(encodeByte).join('');
}

export function decodeHandler(encoded: string): string {
  const bytes = [...encoded.matchAll(/%([0-9A-F]{2})|(.)/g)].map(([, hex, plain]) =>
    hex === undefined ? (plain ?? '').charCodeAt(0) : Number.parseInt(hex, 16),
  );
  return Buffer.from(bytes).toString();
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9_-]/.test(character)) return character;
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
