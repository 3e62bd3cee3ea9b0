import { randomUUID } from 'node:crypto';
import { type Accrual, finalStatus, latamAccrualId } from './accrual.js';
import { notificationDate } from './dates.js';
import { type NoticeScript } from './magic.js';
import { reasonOf } from './reasons.js';

/** One notification of an accrual. */
export interface Notice {
  readonly status: string;
  readonly reason?: number | undefined;
  /** True when its correlationId is one that the partner never received. */
  readonly foreign?: boolean;
  /** Time after the accrual became final, in milliseconds. */
  readonly afterMs: number;
}

/** Pause between two notifications of one accrual. */
const GAP_MS = 300;
const ODD_STATUS_LASTS_MS = 3000;
/** The reason in a notification that contradicts the other one. */
const CONTRADICTING_REASON = 206;

const PROCESSED: Notice = { status: 'PROCESSED', afterMs: 0 };
const CANCELLED: Notice = { status: 'CANCELLED', reason: CONTRADICTING_REASON, afterMs: 0 };

export function noticesOf(accrual: Accrual): readonly Notice[] {
  const final: Notice = { status: finalStatus(accrual), reason: accrual.reason, afterMs: 0 };
  return SCRIPTS[accrual.notices](final);
}

const SCRIPTS: Readonly<Record<NoticeScript, (final: Notice) => readonly Notice[]>> = {
  usual: (final) => [final],
  'before-answer': (final) => [final],
  triple: (final) => [final, { ...final, afterMs: GAP_MS }, { ...final, afterMs: 2 * GAP_MS }],
  never: () => [],
  'odd-status': (final) => [
    { status: 'UNDER_REVIEW', afterMs: 0 },
    { ...final, afterMs: ODD_STATUS_LASTS_MS },
  ],
  'processed-then-cancelled': () => [PROCESSED, { ...CANCELLED, afterMs: GAP_MS }],
  'cancelled-then-processed': () => [CANCELLED, { ...PROCESSED, afterMs: GAP_MS }],
  'orphan-first': (final) => [
    { ...final, foreign: true },
    { ...final, afterMs: GAP_MS },
  ],
};

/** The body, like the two samples of the page "Accrual notification". */
export function notificationBody(accrual: Accrual, notice: Notice): string {
  const processed = notice.status === 'PROCESSED';
  const now = notificationDate(Date.now());
  const body = {
    nonAirAccrual: {
      ffn: accrual.ffn,
      ...(processed ? { latamAccrualId: latamAccrualId(accrual) } : {}),
      status: notice.status,
    },
    trace: {
      correlationId: notice.foreign ? randomUUID() : accrual.id,
      threadId: accrual.threadId,
      receivedDateTime: notificationDate(accrual.receivedAt),
      returnedDateTime: now,
    },
    ...(notice.reason === undefined ? {} : { error: errorOf(notice.reason, now) }),
  };
  // The sample of reason 108 has a raw line feed inside a JSON string, which no JSON parser accepts.
  return JSON.stringify(body, null, '\t').replaceAll('\\n', '\n');
}

/** The `error` of a rejected request. */
export function errorOf(code: number, issuedDateTime: string): object {
  const reason = reasonOf(code);
  return { code, message: reason?.message, instructions: reason?.instructions, issuedDateTime, details: null };
}
