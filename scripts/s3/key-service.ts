// As much of Vault's transit engine as Ceph's gateway asks for before it encrypts objects by itself (SSE-S3): data keys.
// It keeps nothing: a key is derived from the nonce that stands in its ciphertext. For tests alone.
import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** Listens on 127.0.0.1. Whoever asks must show the token. */
export function startKeyService(port: number, token: string): Promise<void> {
  const server = createServer(async (request, response) => {
    const given = String(request.headers['x-vault-token'] ?? '').split(',')[0];
    const asked = await text(request);
    const { status, body } =
      given?.trim() === token
        ? answer(request.url ?? '', asked, token)
        : { status: 403, body: { errors: [] } };
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === undefined ? '' : JSON.stringify(body));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

function answer(url: string, asked: string, seed: string): Answer {
  const { context = '', ciphertext = '' } = asked === '' ? {} : JSON.parse(asked);
  const [, operation, key = ''] =
    /^\/v1\/transit\/(datakey\/plaintext|decrypt|keys)\/([^/?]+)/.exec(url) ?? [];
  if (operation === 'keys') return { status: 204 };
  if (operation === undefined) return { status: 404, body: { errors: [] } };
  const nonce =
    operation === 'decrypt' ? ciphertext.replace('vault:v1:', '') : randomBytes(16).toString('hex');
  const plaintext = createHmac('sha256', seed).update([key, nonce, context].join('\0')).digest('base64');
  return { status: 200, body: { data: { plaintext, ciphertext: `vault:v1:${nonce}` } } };
}
