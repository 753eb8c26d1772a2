import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

const SCRAM = /^SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;

/** Whether a password is the one that PostgreSQL keeps as `verifier` for a role: SCRAM (RFC 5802), or MD5. */
export function isPasswordOf(password: string, role: string, verifier: string): boolean {
  if (verifier.startsWith('md5'))
    return verifier === `md5${createHash('md5').update(`${password}${role}`).digest('hex')}`;
  const [, iterations, salt = '', storedKey] = SCRAM.exec(verifier) ?? [];
  if (iterations === undefined) return false;
  const salted = pbkdf2Sync(
    password.normalize('NFKC'),
    Buffer.from(salt, 'base64'),
    Number(iterations),
    32,
    'sha256',
  );
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return createHash('sha256').update(clientKey).digest('base64') === storedKey;
}
