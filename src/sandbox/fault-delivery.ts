import { type FastifyReply } from 'fastify';
import { type Answer, html } from './answer.js';
import { type Fault } from './faults.js';

/** Makes a provider's error answer for a fault with this status. */
export type ErrorAnswer = (status: number, retryAfterSeconds: number) => Answer;

const DEFAULT_DELAY_MS = 3000;
const DEFAULT_DRIP_MS = 200;
const DEFAULT_RETRY_AFTER_MS = 1000;

/** Sends the answer with the fault applied. `answer` is absent when the fault prevented the effect. */
export function deliver(
  reply: FastifyReply,
  answer: Answer | undefined,
  fault: Fault | undefined,
  error: ErrorAnswer,
): void {
  const changed = fault ? transform(fault, error) : undefined;
  if (changed) return send(reply, changed);
  switch (fault?.kind) {
    case 'drop-before':
    case 'drop-after':
      return drop(reply);
    case 'hang':
    case 'hang-after':
      reply.hijack();
      return;
    case 'truncated':
      return truncate(reply, present(answer));
    case 'drip':
      return drip(reply, present(answer), fault.delayMs ?? DEFAULT_DRIP_MS);
    case 'delay':
      return send(reply, { ...present(answer), afterMs: fault.delayMs ?? DEFAULT_DELAY_MS });
    default:
      return send(reply, present(answer));
  }
}

/** The answer that replaces the right one; undefined for faults that change only how it is sent. */
function transform(fault: Fault, error: ErrorAnswer): Answer | undefined {
  const status = /^(?:status-)?(\d{3})(?:-after)?$/.exec(fault.kind)?.[1];
  if (status) return error(Number(status), Math.ceil((fault.delayMs ?? DEFAULT_RETRY_AFTER_MS) / 1000));
  switch (fault.kind) {
    case 'html':
    case 'html-after':
      return html(200);
    case 'html-403':
      return html(403);
    case 'redirect':
      return { status: 307, headers: { location: '/_sandbox/elsewhere' }, body: '' };
    case 'garbage':
      return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"success": true, "transaction' };
    case 'empty-204':
      return { status: 204, headers: {}, body: '' };
    default:
      return undefined;
  }
}

function present(answer: Answer | undefined): Answer {
  if (!answer) throw new Error('a fault after the effect needs the answer to the effect');
  return answer;
}

function send(reply: FastifyReply, answer: Answer): void {
  const go = (): void => {
    // The client may have closed the connection during the delay.
    if (!reply.raw.destroyed) void reply.code(answer.status).headers(answer.headers).send(answer.body);
  };
  if (answer.afterMs) setTimeout(go, answer.afterMs).unref();
  else go();
}

/** Ends the connection without an answer. */
function drop(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.socket?.destroy();
}

/** Announces the whole body, sends half of it, and ends the connection. */
function truncate(reply: FastifyReply, answer: Answer): void {
  reply.hijack();
  const body = Buffer.from(answer.body);
  reply.raw.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
  reply.raw.write(body.subarray(0, Math.floor(body.length / 2)), () => reply.raw.socket?.destroy());
}

/** Sends the whole answer, one byte at a time. */
function drip(reply: FastifyReply, answer: Answer, everyMs: number): void {
  reply.hijack();
  const body = Buffer.from(answer.body);
  reply.raw.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
  let sent = 0;
  const timer = setInterval(() => {
    reply.raw.write(body.subarray(sent, sent + 1));
    sent += 1;
    if (sent >= body.length) reply.raw.end();
  }, everyMs);
  timer.unref();
  reply.raw.once('close', () => clearInterval(timer));
}
