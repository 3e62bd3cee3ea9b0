import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
/** Errors of Node's client for requests that only a hostile client sends. */
const REFUSED_BY_CLIENT = /^ERR_(?:UNESCAPED_CHARACTERS|INVALID_CHAR|INVALID_HTTP_TOKEN|HTTP_INVALID_HEADER_VALUE)$/;

/**
 * Sends a rendered request. Returns { status, headers, body, ms }, or { failure, ms }. Requests that Node's client
 * refuses are sent over a TCP socket.
 */
export async function send(port, request, timeoutMs) {
  const startedAt = performance.now();
  const answer = await (request.isRaw ? overSocket : overHttp)(port, request, timeoutMs)
    .catch((error) => {
      if (REFUSED_BY_CLIENT.test(error.code)) return overSocket(port, request, timeoutMs);
      return { failure: error.code ?? error.message };
    })
    .catch((error) => ({ failure: error.code ?? error.message }));
  return { ...answer, ms: performance.now() - startedAt };
}

function overHttp(port, { method, target, headers, body }, timeoutMs) {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ agent, host: '127.0.0.1', port, method, path: target, headers: headers.flat() });
    const timer = setTimeout(() => sent.destroy(new Error('no answer in time')), timeoutMs);
    sent.once('close', () => clearTimeout(timer));
    sent.once('error', reject);
    sent.once('response', (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.end(body);
  });
}

function overSocket(port, { method, target, headers, body, isRaw }, timeoutMs) {
  const head = [
    `${method} ${target} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    'connection: close',
    '',
    '',
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks = [];
    const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), timeoutMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    // An answer counts if it arrived before the connection broke.
    const end = (error) => {
      clearTimeout(timer);
      const answer = answerIn(Buffer.concat(chunks));
      if (answer) resolve(answer);
      else reject(error ?? new Error('closed without an answer'));
    };
    socket.once('error', end);
    socket.once('close', () => end());
    const isChunked = !isRaw && headers.some(([name]) => name === 'transfer-encoding');
    socket.write(Buffer.concat([Buffer.from(head.join('\r\n'), 'latin1'), isChunked ? chunked(body) : body]));
  });
}

function answerIn(bytes) {
  const text = bytes.toString('latin1').replace(/^HTTP\/1\.1 100 [^]*?\r\n\r\n/, '');
  const end = text.indexOf('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
  if (end < 0 || !status) return null;
  const lines = text.slice(0, end).split('\r\n').slice(1);
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':')[0].toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const rest = text.slice(end + 4);
  // Later bytes answer data that the gateway read as a second request.
  const body = headers['transfer-encoding'] === 'chunked' ? unchunked(rest) : rest.slice(0, headers['content-length']);
  return { status, headers, body: Buffer.from(body, 'latin1') };
}

function chunked(body) {
  const size = body.length > 0 ? `${body.length.toString(16)}\r\n` : '';
  return Buffer.concat([Buffer.from(size), body, Buffer.from(size ? '\r\n0\r\n\r\n' : '0\r\n\r\n')]);
}

function unchunked(text) {
  let [rest, whole] = [text, ''];
  for (;;) {
    const size = parseInt(rest, 16);
    if (!size) return whole;
    const from = rest.indexOf('\r\n') + 2;
    whole += rest.slice(from, from + size);
    rest = rest.slice(from + size + 2);
  }
}
