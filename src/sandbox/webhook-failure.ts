import { type FastifyReply } from 'fastify';
import { json } from './answer.js';
import { deliver, type ErrorAnswer } from './fault-delivery.js';
import { type FailureMode } from './webhook-requests.js';

const GONE = 410;
const DEFAULT_STATUS = 503;

/** How the next requests to a receiver fail. */
export interface Failure {
  readonly mode: FailureMode;
  readonly status?: number | undefined;
  readonly delayMs?: number | undefined;
  readonly retryAfterSeconds?: number | undefined;
  /** Requests that are still to fail; undefined: all. */
  readonly count?: number | undefined;
}

/** The failure of one request, as the report names it. */
export function nameOf({ mode, status }: Failure): number | string {
  if (mode === 'status') return status ?? DEFAULT_STATUS;
  return mode === 'gone' ? GONE : mode;
}

/** The failure after one more request. */
export function countDown(failure: Failure): Failure | null {
  if (failure.count === undefined) return failure;
  return failure.count > 1 ? { ...failure, count: failure.count - 1 } : null;
}

/** Fails the request. `status` is the answer that a slow receiver gives in the end. */
export function fail(reply: FastifyReply, failure: Failure, status: number): void {
  const { mode, delayMs, retryAfterSeconds } = failure;
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { 'retry-after': `${retryAfterSeconds}` };
  if (mode === 'slow') return deliver(reply, json(status, {}), { kind: 'delay', delayMs }, error);
  if (mode === 'drop') return deliver(reply, undefined, { kind: 'drop-before' }, error);
  if (mode === 'hang' || mode === 'redirect') return deliver(reply, undefined, { kind: mode }, error);
  const failed = Number(nameOf(failure));
  deliver(reply, json(failed, { problem: `this receiver was told to answer ${failed}` }, headers), undefined, error);
}

const error: ErrorAnswer = (status) => json(status, {});
