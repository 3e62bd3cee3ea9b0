import http from 'node:http';

/** LATAM Pass as the bench needs it: a token, and an acceptance after 5 ms. */
const LATENCY_MS = 5;
const TOKEN = JSON.stringify({ access_token: 'bench', expires_in: 3600 });
let count = 0;

const server = http.createServer((request, response) => {
  request.resume().once('end', () => {
    const isToken = request.url?.includes('access-token');
    count += 1;
    const body = isToken ? TOKEN : JSON.stringify({ correlationId: `bench-${process.pid}-${count}` });
    setTimeout(() => {
      response.writeHead(isToken ? 201 : 200, { 'content-type': 'application/json' });
      response.end(body);
    }, LATENCY_MS);
  });
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }));
