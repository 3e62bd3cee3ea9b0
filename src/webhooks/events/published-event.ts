import { publicId } from '../../common/ids.js';
import { basisOf, type Basis, type Evidence } from '../../ledger/model/evidence.js';
import { isFinal } from '../../ledger/model/status-transitions.js';
import type { Failure, Status } from '../../ledger/model/transaction.js';
import { formatQuantity } from '../../providers/units.js';
import { TYPE_SQL, type EventType } from './event-types.js';

/** The contract of the body. A change that breaks a reader gets a new version, which an endpoint chooses. */
export const API_VERSION = 'v1';

/** An event of the ledger that partners are told, with what was known of its transaction at that time. */
export interface EventRow {
  readonly id: string;
  readonly type: EventType;
  readonly at: Date;
  readonly transactionId: string;
  readonly transactionType: string;
  readonly provider: string;
  readonly reference: string | null;
  readonly seq: number;
  readonly status: Status;
  readonly previousStatus: Status | null;
  readonly evidence: Evidence;
  readonly quantity: string | null;
  readonly unit: string | null;
  readonly providerReference: string | null;
  readonly failure: Pick<Failure, 'code' | 'category' | 'retryable'> | null;
}

/**
 * The columns of `EventRow`, from an event `e` and its transaction `t`. Each is fixed for ever once the event is
 * written: what may change later is read as of the event, from rows that are only added to.
 */
export const EVENT_COLUMNS = `
  e.id, ${TYPE_SQL} as type, e.at, e.transaction_id as "transactionId", t.type as "transactionType", t.provider,
  t.reference, e.seq, coalesce(e.to_status, before.status) as status, before.status as "previousStatus", e.evidence,
  (select h.amount::text from ledger_entries h where h.transaction_id = e.transaction_id and h.app_id = e.app_id
    and h.phase = 'hold' and h.seq <= e.seq order by h.seq desc limit 1) as quantity, t.unit,
  (select k.detail->>'providerReference' from transaction_events k where k.transaction_id = e.transaction_id
    and k.app_id = e.app_id and k.seq <= e.seq and k.detail ? 'providerReference' order by k.seq desc limit 1)
    as "providerReference",
  case when e.to_status = 'failed' then jsonb_build_object('code', t.failure->'code', 'category', t.failure->'category',
    'retryable', t.failure->'retryable') end as failure`;

/** The tables of `EVENT_COLUMNS`; the event `e` comes before it. */
export const EVENT_JOINS = `
join transactions t on t.id = e.transaction_id and t.app_id = e.app_id
left join lateral (
  select p.to_status as status from transaction_events p
  where p.transaction_id = e.transaction_id and p.app_id = e.app_id and p.seq < e.seq and p.to_status is not null
  order by p.seq desc limit 1
) before on true`;

/** An event as partners receive it. */
export interface PublishedEvent {
  readonly id: string;
  readonly type: EventType;
  readonly timestamp: string;
  readonly apiVersion: string;
  readonly data: {
    readonly transactionId: string;
    readonly transactionType: string;
    readonly provider: string;
    readonly reference: string | null;
    readonly version: number;
    readonly status: Status;
    readonly previousStatus: Status | null;
    readonly final: boolean;
    readonly basis: Basis;
    readonly quantity: { readonly value: string; readonly unit: string } | null;
    readonly providerReference: string | null;
    readonly failure: Pick<Failure, 'code' | 'category' | 'retryable'> | null;
    readonly url: string;
  };
}

/** Always returns the same members in the same order with the same values for one event. Nothing in it is personal. */
export function publish(row: EventRow): PublishedEvent {
  const transactionId = publicId('txn', row.transactionId);
  const { quantity, unit, failure } = row;
  return {
    id: publicId('evt', row.id),
    type: row.type,
    timestamp: row.at.toISOString(),
    apiVersion: API_VERSION,
    data: {
      transactionId,
      transactionType: row.transactionType,
      provider: row.provider,
      reference: row.reference,
      version: row.seq,
      status: row.status,
      previousStatus: row.previousStatus,
      final: isFinal(row.status),
      basis: basisOf(row.evidence),
      quantity: quantity === null || unit === null ? null : formatQuantity(BigInt(quantity), unit),
      providerReference: row.providerReference,
      failure: failure && { code: failure.code, category: failure.category, retryable: failure.retryable },
      url: `/v1/transactions/${transactionId}`,
    },
  };
}
