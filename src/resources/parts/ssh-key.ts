/** A line of authorized_keys. */
export interface KeyLine {
  /** Before the key: "from=…,no-pty"; empty for none. */
  readonly options: string;
  /** Its kind and its base64: what makes it this key. */
  readonly key: string;
  readonly comment: string;
}

const KIND = String.raw`(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)`;
const LINE = new RegExp(
  String.raw`^\s*((?:[^\s"]|"(?:[^"\\]|\\.)*")+\s+)?(${KIND})\s+(AAAA[A-Za-z0-9+/]+=*)(?:\s+(.*?))?\s*$`,
);

/** Undefined for comments, blanks, and what is no key. */
export function keyLine(line: string): KeyLine | undefined {
  if (/^\s*(#|$)/.test(line)) return undefined;
  const [, options = '', kind, base64, comment = ''] = LINE.exec(line) ?? [];
  return kind === undefined ? undefined : { options: options.trim(), key: `${kind} ${base64}`, comment };
}

export function keyText({ options, key, comment }: KeyLine): string {
  return [options, key, comment].filter((part) => part !== '').join(' ');
}
