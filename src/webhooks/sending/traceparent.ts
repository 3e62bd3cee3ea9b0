import { randomBytes } from 'node:crypto';

const VERSION = '00';
/** The gateway keeps a record of each attempt: the log of the delivery. */
const SAMPLED = '01';
/** Sets one bit, because an id of zeros is not valid. */
const NOT_ZERO = 1;

/**
 * W3C trace context. The ledger does not keep the trace of the request that caused an event, so the transaction's own
 * id is the trace: its webhooks are one trace at the receiver, and the id can be looked up on either side. `traceId` is
 * a UUID. Each attempt is a span of its own.
 */
export function traceparent(traceId: string, newSpan: () => Buffer = () => randomBytes(8)): string {
  const span = newSpan();
  span.writeUInt8(span.readUInt8(0) | NOT_ZERO, 0);
  return [VERSION, traceId.replaceAll('-', ''), span.toString('hex'), SAMPLED].join('-');
}
