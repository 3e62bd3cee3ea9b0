import type { Dispatcher } from 'undici';
import { codingsOf, decodeBody } from '../readers/content-encoding.js';
import { decodeJson } from '../readers/json-text.js';
import { NotConnectedError } from './not-connected.js';
import { errorCode } from '../readers/error-code.js';

/** Limit after decompression: a small compressed answer must not fill the memory. */
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * The request ended before it got a connection: the HTTP client refused it (a header or URL), or its deadline passed.
 */
export class NotStartedError extends Error {
  override readonly name = 'NotStartedError';

  constructor(cause: Error) {
    super('the request was never begun', { cause });
  }

  /** True when the request itself cannot be sent: retrying does not help. */
  get isUnsendable(): boolean {
    return UNSENDABLE.has(errorCode(this.cause) ?? '');
  }
}

/** Codes of undici and of Node when a method, URL or header is not valid. */
const UNSENDABLE = new Set(['UND_ERR_INVALID_ARG', 'ERR_INVALID_URL', 'ERR_INVALID_CHAR', 'ERR_INVALID_ARG_TYPE']);

export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For connection, headers and the complete body, in milliseconds. */
  readonly deadlineMs: number;
}

export interface HttpReply {
  readonly status: number;
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text, at most 1 MiB after decompression. */
  readonly body: string;
  /** True when the same request was sent just before, and it is unknown whether that one was executed. */
  readonly afterDoubt?: boolean;
}

/**
 * Sends a request over a pool. No redirect is followed.
 * @throws NotConnectedError, NotStartedError, BodyTooLargeError, an error named `TimeoutError`, or another error of the
 *   connection
 */
export async function sendRequest(pool: Dispatcher, request: HttpRequest): Promise<HttpReply> {
  const { method, url, headers, body, deadlineMs } = request;
  const { origin, pathname, search } = parsed(url);
  const running = new UndiciRequest(deadlineMs);
  pool.dispatch(
    {
      origin,
      path: pathname + search,
      method,
      headers: { ...headers },
      body: body ?? null,
      headersTimeout: 0,
      bodyTimeout: 0,
    },
    running,
  );
  const reply = await running.reply;
  return { status: reply.status, headers: reply.headers, body: textOf(reply.body, reply.headers) };
}

function parsed(url: string): URL {
  try {
    return new URL(url);
  } catch (error) {
    throw new NotStartedError(errorOf(error));
  }
}

/** Read by shape: the runtime's own errors are not always instances of this realm's class `Error`. */
function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return Object.assign(new Error('an error of the runtime'), { code: errorCode(thrown) });
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * One request and its answer. The deadline covers everything including the body. Its timer ends with the request; an
 * `AbortSignal.timeout` would stay in memory until the deadline, with everything that it references.
 */
class UndiciRequest implements Dispatcher.DispatchHandler {
  readonly reply: Promise<Reply>;
  private readonly timer: NodeJS.Timeout;
  private readonly chunks: Buffer[] = [];
  private bytes = 0;
  private status = 0;
  private headers: Readonly<Record<string, string>> = {};
  private controller: Dispatcher.DispatchController | null = null;
  private failure: Error | null = null;
  private resolve: (reply: Reply) => void = () => undefined;
  private reject: (error: Error) => void = () => undefined;

  constructor(deadlineMs: number) {
    this.reply = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.timer = setTimeout(() => this.fail(timeoutError()), deadlineMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // The deadline passed while the request waited for a connection: nothing is sent.
    if (this.failure) controller.abort(this.failure);
  }

  onResponseStart(_controller: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.status = status;
    this.headers = plainHeaders(headers);
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes > MAX_BODY_BYTES) this.fail(new BodyTooLargeError('the answer is longer than 1 MiB'));
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    clearTimeout(this.timer);
    const { status, headers, chunks } = this;
    const [only] = chunks;
    this.resolve({ status, headers, body: chunks.length === 1 && only ? only : Buffer.concat(chunks) });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.fail(error);
  }

  private fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    clearTimeout(this.timer);
    // A connection writes only after it has called `onRequestStart`.
    const isBegun = this.controller !== null || error instanceof NotConnectedError;
    this.reject(isBegun ? error : new NotStartedError(error));
    this.controller?.abort(error);
  }
}

function timeoutError(): Error {
  const timeout = new Error('the deadline has passed');
  timeout.name = 'TimeoutError';
  return timeout;
}

function plainHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) plain[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return plain;
}

/** A body that cannot be decoded is read unchanged: some proxies decode the body but keep the header. */
function textOf(body: Buffer, headers: HttpReply['headers']): string {
  const decoding = decodeBody(body, codingsOf(headers['content-encoding']), MAX_BODY_BYTES);
  if (decoding.kind === 'too-large') throw new BodyTooLargeError('the answer is longer than 1 MiB after decompression');
  return decodeJson(decoding.kind === 'decoded' ? decoding.body : body);
}
