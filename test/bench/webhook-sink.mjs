import http from 'node:http';

/*
 * Partners' receivers of webhooks, one port with a path for each endpoint. It answers at once. On request it reports how
 * many webhooks came since the last report, and the time from their events to their arrival.
 */
let delays = [];

const server = http.createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => (text += chunk));
  request.once('end', () => {
    response.writeHead(204).end();
    delays.push(Date.now() - Date.parse(/"timestamp":"([^"]+)"/.exec(text)?.[1]));
  });
});
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', 4096, () => process.send({ port: server.address().port }));

process.on('message', () => {
  const sorted = delays.sort((one, other) => one - other);
  const at = (part) => sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? null;
  process.send({ count: sorted.length, p50: at(0.5), p99: at(0.99) });
  delays = [];
});
