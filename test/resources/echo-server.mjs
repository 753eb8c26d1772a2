// Answers with what it was asked, as JSON; the status is the path: /503. Prints its port.
import { createServer } from 'node:http';

createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, headers } = request;
    const body = Buffer.concat(chunks).toString();
    const status = Number(/^\/(\d{3})/.exec(url)?.[1] ?? 200);
    response.writeHead(status, status === 302 ? { Location: '/200' } : {});
    response.end(url === '/plain' ? 'plain\n' : JSON.stringify({ method, url, headers, body }));
  });
}).listen(0, '127.0.0.1', function () {
  console.log(this.address().port);
});
