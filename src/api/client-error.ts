import type { Socket } from 'node:net';
import { newUuid } from '../common/ids.js';
import { logger } from '../common/log.js';
import { isExemptFromTimeout } from './upload-timeout-exemption.js';

interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly code: string;
  readonly detail: string;
}

const BAD_REQUEST: Answer = {
  status: 400,
  reason: 'Bad Request',
  code: 'validation_failed',
  detail: 'This is not a valid HTTP/1.1 request.',
};

/** The answers to requests that Node's HTTP parser cannot read, by its error code. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    reason: 'Request Header Fields Too Large',
    code: 'payload_too_large',
    detail: 'The header fields exceed 16 KiB in total, or there are more than 200.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    reason: 'Request Timeout',
    code: 'validation_failed',
    detail: 'The request did not arrive in time.',
  },
};

/** Answers data that never became a request: there is no route and no reply object, only a socket. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  const code = error.code ?? 'unknown';
  if (code === 'ECONNRESET' || socket.destroyed) {
    socket.destroy();
    return;
  }
  // Node reports this once for each request. An exempt upload may take as long as data arrives.
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT' && isExemptFromTimeout(socket)) return;
  const answer = ANSWERS[code] ?? BAD_REQUEST;
  const requestId = newUuid();
  logger.info({ requestId, route: 'unmatched', status: answer.status, errorCode: code, code: answer.code }, 'request');
  if (socket.writable) socket.write(render(answer, requestId));
  socket.destroySoon();
}

function render({ status, reason, code, detail }: Answer, requestId: string): string {
  const body = JSON.stringify({
    type: `urn:problem:loyalty-gateway:${code}`,
    title: reason,
    status,
    detail,
    instance: `urn:loyalty-gateway:request:${requestId}`,
    code,
    requestId,
    retryable: false,
  });
  const headers = [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ];
  return `${headers.join('\r\n')}\r\n\r\n${body}`;
}
