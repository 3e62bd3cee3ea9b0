import http from 'node:http';

/*
 * A stub of all providers: every login succeeds, and every request is accepted after a fixed time. With a capacity,
 * only that number of requests is processed at once, and the others wait. It reports the arrivals on request.
 */
const settings = { latencyMs: 5, capacity: Infinity };
const arrivals = { passes: [], accruals: 0, purchases: 0 };
const waiting = [];
let working = 0;
let count = 0;
let centsLeft = 100_000_000_000;

const TOKEN = JSON.stringify({ success: true, access_token: 'bench', expires_in: 86_400 });

function purchase(order) {
  arrivals.purchases += 1;
  centsLeft -= Math.round((order.amount * 100) / 17);
  return JSON.stringify({
    success: true,
    transaction_id: `TXN-${process.pid}-${count}`,
    distributor_transaction_id: order.distributor_transaction_id,
    response_code: '00',
    response_message: 'Aprobado',
    reference: `RRN-${count}`,
    auth_code: String(count % 1_000_000).padStart(6, '0'),
    balance_after: centsLeft / 100,
  });
}

function answerTo(url, text) {
  if (/token|login/.test(url)) return TOKEN;
  if (url.includes('get_balance')) return JSON.stringify({ success: true, balance: centsLeft / 100, currency: 'USD' });
  if (url.includes('product_purchase')) return purchase(JSON.parse(text));
  if (url.includes('pass/create'))
    return JSON.stringify({ pass_id: `P-${count}`, status: 'ACTIVE', dmc_qr_data: 'QR' });
  arrivals.accruals += 1;
  return JSON.stringify({ correlationId: `C-${process.pid}-${count}` });
}

function begin(work) {
  if (working >= settings.capacity) return void waiting.push(work);
  working += 1;
  setTimeout(() => {
    working -= 1;
    work();
    const next = waiting.shift();
    if (next) begin(next);
  }, settings.latencyMs);
}

const server = http.createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => (text += chunk));
  request.once('end', () => {
    count += 1;
    if (request.url.startsWith('/loyalty')) arrivals.passes.push(Date.now());
    const body = answerTo(request.url, text);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    begin(() => response.writeHead(200, headers).end(body));
  });
});
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', 4096, () => process.send({ port: server.address().port }));

process.on('message', (message) => {
  if (message.set) Object.assign(settings, { capacity: Infinity, ...message.set });
  process.send({ arrivals });
});
