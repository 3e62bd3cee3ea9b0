import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { AxiosHeaders, type AxiosAdapter, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import { Agent, buildConnector, request, type Dispatcher } from 'undici';

/** After inflation: a small compressed answer must not fill the memory. */
const MAX_BODY_BYTES = 1024 * 1024;
const CONNECT_TIMEOUT_MS = 5_000;
/** Shorter than any server's: a call on a connection that is just being closed would be in doubt. */
const KEEP_ALIVE_MS = 4_000;

/** DNS, TCP or TLS failed: not a byte of the request left. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError';
  /** The system's or TLS's code in lower case, e.g. `econnrefused`, `cert_has_expired`. */
  readonly reason: string;

  constructor(cause: Error) {
    super('no connection', { cause });
    this.reason = 'code' in cause && typeof cause.code === 'string' ? cause.code.toLowerCase() : 'connect_failed';
  }
}

export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

const connect = buildConnector({
  timeout: CONNECT_TIMEOUT_MS,
  rejectUnauthorized: true,
  minVersion: 'TLSv1.2',
  allowH2: false,
});

/** Marks errors of the connection phase at their source: later they could not be told from errors after sending. */
const agent = new Agent({
  keepAliveTimeout: KEEP_ALIVE_MS,
  pipelining: 1,
  allowH2: false,
  connect: (options, callback) => {
    connect(options, (error, socket) => {
      if (error) callback(new NotConnectedError(error), null);
      else callback(null, socket);
    });
  },
});

/** An axios adapter over an undici pool: axios's own costs ten times the CPU and has no deadline over the body. */
export const undiciAdapter: AxiosAdapter = async (config: InternalAxiosRequestConfig): Promise<AxiosResponse> => {
  const signal = AbortSignal.timeout(config.timeout ?? CONNECT_TIMEOUT_MS);
  const response = await request(config.url ?? '', {
    dispatcher: agent,
    method: methodOf(config.method),
    headers: plainHeaders(config.headers),
    body: typeof config.data === 'string' ? config.data : null,
    signal,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const data = await readBody(inflated(response), response.body, signal);
  const headers = new AxiosHeaders();
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return { data, status: response.statusCode, statusText: '', headers, config, request: null };
};

function methodOf(method: string | undefined): Dispatcher.HttpMethod {
  const upper = method?.toUpperCase();
  return upper === 'POST' || upper === 'DELETE' ? upper : 'GET';
}

function plainHeaders(headers: AxiosHeaders): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (typeof value === 'string') plain[name] = value;
  return plain;
}

function inflated(response: Dispatcher.ResponseData): Readable {
  const { body } = response;
  const encoding = response.headers['content-encoding'];
  if (encoding === 'gzip' || encoding === 'x-gzip') return body.pipe(createGunzip());
  if (encoding === 'deflate') return body.pipe(createInflate());
  if (encoding === 'br') return body.pipe(createBrotliDecompress());
  return body;
}

/** The signal covers the body too: pipes do not carry the source's error to the inflating end, so both are watched. */
async function readBody(stream: Readable, source: Readable, signal: AbortSignal): Promise<string> {
  const fail = (error: Error): void => void stream.destroy(error);
  source.on('error', fail);
  const abort = (): void => {
    const timeout = new Error('the deadline has passed', { cause: signal.reason });
    timeout.name = 'TimeoutError';
    fail(timeout);
  };
  signal.addEventListener('abort', abort, { once: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      bytes += buffer.length;
      if (bytes > MAX_BODY_BYTES) throw new BodyTooLargeError('the answer is longer than 1 MiB');
      chunks.push(buffer);
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    signal.removeEventListener('abort', abort);
    source.destroy();
  }
}
