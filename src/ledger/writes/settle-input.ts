import { alarm } from '../../common/alarm.js';
import type { JsonFields, JsonRow } from '../../database/json-rows.js';
import { newUuid } from '../../common/ids.js';
import type { SettleRow, ReportedBalance } from './settlement.js';
import { MAX_PAUSE_MS, wholeMs } from './whole-ms.js';

/** The fields of a row as the settlement statement receives it, with their types in PostgreSQL. */
export const SETTLE_INPUT = {
  id: 'uuid',
  appId: 'uuid',
  from: 'text',
  epoch: 'integer',
  to: 'text',
  correlationId: 'text',
  providerReference: 'text',
  failure: 'jsonb',
  detail: 'jsonb',
  sealed: 'text',
  dueMs: 'bigint',
  expectedMs: 'bigint',
  notSent: 'boolean',
  keeps: 'boolean',
  parked: 'boolean',
  resource: 'jsonb',
  resourceSealed: 'text',
  actor: 'text',
  evidence: 'text',
  eventDetail: 'jsonb',
  eventId: 'uuid',
  quantity: 'bigint',
  debit: 'bigint',
  credit: 'bigint',
  balanceId: 'uuid',
  balance: 'numeric',
  begunAt: 'timestamptz',
  alone: 'boolean',
  notificationId: 'uuid',
} as const satisfies JsonFields;

type SettleInput = JsonRow<typeof SETTLE_INPUT>;
type BalanceInput = Pick<SettleInput, 'balanceId' | 'balance' | 'begunAt' | 'alone'>;

const NO_BALANCE: BalanceInput = { balanceId: undefined, balance: undefined, begunAt: undefined, alone: undefined };

/** The accepted form of a balance: enough digits for every currency, and far from the limits of `numeric`. */
const BALANCE = /^-?[0-9]{1,30}(\.[0-9]{1,30})?$/;

/** Escapes that JSON allows and PostgreSQL refuses: NUL, and half of a surrogate pair. */
const UNSTORABLE = /\\u(0000|d[89a-f])/;

/**
 * The rows in the form of the settlement statement. Every number and text is valid there: a provider's outcome must not
 * be lost because a pause was calculated wrongly.
 */
export function settleInput(rows: readonly SettleRow[]): string {
  const text = JSON.stringify(rows.map(toInput));
  return UNSTORABLE.test(text) ? JSON.stringify(rows.map(toInput), storable) : text;
}

function storable(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/[\0\p{Cs}]/gu, '\ufffd') : value;
}

function toInput(row: SettleRow): SettleInput {
  const { resource } = row;
  return {
    id: row.id,
    appId: row.appId,
    from: row.from,
    epoch: row.epoch,
    to: row.to,
    correlationId: row.correlationId,
    providerReference: row.providerReference,
    failure: row.failure,
    detail: row.detail,
    sealed: row.sealed?.toString('base64'),
    dueMs: pauseOf(row, row.dueInMs),
    expectedMs: pauseOf(row, row.expectedInMs),
    notSent: row.attemptNotSent,
    keeps: row.keepsLease === true,
    parked: row.parked,
    resource: resource && {
      status: resource.status,
      providerReference: resource.providerReference,
      detail: resource.detail,
      metadata: resource.metadata,
    },
    resourceSealed: resource?.sealed?.toString('base64'),
    actor: row.actor,
    evidence: row.evidence,
    eventDetail: row.eventDetail,
    eventId: row.eventId,
    notificationId: row.notificationId,
    quantity: row.quantity?.toString(),
    debit: row.accounts?.debit,
    credit: row.accounts?.credit,
    ...reportedOf(row),
  };
}

function pauseOf(row: SettleRow, ms: number | null | undefined): number | null | undefined {
  if (ms === null || ms === undefined) return ms;
  // Fractions are normal. NaN and implausibly long pauses are defects and are reported.
  if (!(ms >= -MAX_PAUSE_MS && ms <= MAX_PAUSE_MS)) report(row, 'a pause is out of range');
  return wholeMs(ms);
}

function reportedOf(row: SettleRow): BalanceInput {
  const { reported } = row;
  if (!reported) return NO_BALANCE;
  if (isStorable(reported)) {
    return { balanceId: newUuid(), balance: reported.balance, begunAt: reported.begunAt, alone: reported.alone };
  }
  report(row, 'a balance is out of range');
  return NO_BALANCE;
}

function isStorable({ balance, begunAt }: ReportedBalance): boolean {
  return BALANCE.test(balance) && !Number.isNaN(begunAt.getTime());
}

function report({ id }: SettleRow, what: string): void {
  alarm('number_out_of_range', { transactionId: id, what }, 'a number of a settlement was replaced or left out');
}
