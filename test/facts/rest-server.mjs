// A Patroni's REST interface that answers with what it is given: JSON of {patroni, cluster, status}. Says its port.
import { createServer } from 'node:http';

const { patroni, cluster, status = 200, host = '127.0.0.1' } = JSON.parse(process.argv[2]);
const server = createServer((request, response) => {
  const body = request.url === '/patroni' ? patroni : cluster;
  response.writeHead(request.url === '/patroni' ? status : 200, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
});
server.listen(0, host, () => process.stdout.write(`${server.address().port}\n`));
