// Answers with what it was asked, as JSON; the status is the path: /503; /digest tells the checksum of what came. Prints its port.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, headers } = request;
    const sent = Buffer.concat(chunks);
    const sha256 = createHash('sha256').update(sent).digest('hex');
    const body = url === '/digest' ? sha256 : sent.toString();
    const status = Number(/^\/(\d{3})/.exec(url)?.[1] ?? 200);
    response.writeHead(status, status === 302 ? { Location: '/200' } : {});
    response.end(url === '/plain' ? 'plain\n' : JSON.stringify({ method, url, headers, body }));
  });
}).listen(0, '127.0.0.1', function () {
  console.log(this.address().port);
});
