import { DatabaseError } from 'pg';
import { isUnavailable, neverConnected, type Database } from '../../database/database.js';
import { newUuid } from '../../common/ids.js';
import { TRANSACTION_COLUMNS, toTransaction, type TransactionRow } from '../model/columns.js';
import type { Transaction } from '../model/transaction.js';

/** A row that this instance works on while its lease lasts. */
export interface Claim {
  readonly transaction: Transaction;
  /**
   * True when an attempt was in progress at the end of its lease: its instance is gone, and the outcome is not known.
   */
  readonly interrupted: boolean;
  /** True when it is too late to send the row; no attempt was begun. */
  readonly expired: boolean;
  /** True when the commit that began this attempt found the float sufficient; default: the float must be checked. */
  readonly isCovered?: boolean;
  /** The bytes to send, if this process has just recorded them; default: they must be decrypted. */
  readonly body?: string;
  /** A time before the lease began, by the monotonic clock of this process. */
  readonly leasedAtMs: number;
}

/**
 * Claims due rows, oldest first, each for one lease. Exactly one instance gets a row. If the row will be sent, its
 * attempt begins with this commit, before anything is sent; a held row is released by the same commit. An open attempt
 * keeps the id and epoch of the claim that began it, also when the row is claimed again.
 */
const claimStatement = (due: string): string => `
with due as (${due}), claimed as (
  update transactions t set
    status = case when t.status = 'scheduled' then 'pending' else t.status end,
    epoch = t.epoch + 1,
    due_at = now() + $3 * interval '1 ms',
    attempt_open = t.attempt_open or (t.status in ('pending', 'scheduled') and not due.expired),
    attempts = t.attempts + (t.status in ('pending', 'scheduled') and not due.expired)::integer,
    claim_id = case when t.attempt_open then t.claim_id
      when t.status in ('pending', 'scheduled') and not due.expired then $5::uuid end,
    claim_epoch = case when t.attempt_open then t.claim_epoch
      when t.status in ('pending', 'scheduled') and not due.expired then t.epoch + 1 end,
    version = t.version + (t.status = 'scheduled')::integer,
    updated_at = case when t.status = 'scheduled' then now() else t.updated_at end
  from due
  where t.id = due.id and t.app_id = due.app_id
  returning ${TRANSACTION_COLUMNS}, due.status as "statusBefore", due.attempt_open as interrupted,
    due.expired and not due.attempt_open as expired
), released as (
  insert into transaction_events (id, transaction_id, app_id, seq, from_status, to_status, actor, evidence)
  select new_uuid(), id, "appId", version, 'scheduled', 'pending', $4, 'release time reached'
  from claimed where "statusBefore" = 'scheduled'
)
select * from claimed order by "createdAt"`;

const DUE = `due_at <= now() and provider = $1 and ($7::text is null or (type = $7) = $8::boolean)
  and (not $6::boolean or (expires_at <= now() and not attempt_open))`;
const CLAIMED_COLUMNS = `t.id, t.app_id, t.status, t.attempt_open, coalesce(t.expires_at <= now(), false) as expired`;

const CLAIM = claimStatement(`
  select ${CLAIMED_COLUMNS} from transactions t where ${DUE} order by due_at limit $2 for update skip locked`);

/**
 * If not all rows can be claimed, the apps take turns, each with its oldest rows: an app that sends much delays only
 * itself.
 */
const CLAIM_FAIRLY = claimStatement(`
  select ${CLAIMED_COLUMNS}
  from (select id, app_id, row_number() over (partition by app_id order by id) as turn from transactions where ${DUE}) r
  join transactions t using (id, app_id)
  where ${DUE}
  order by r.turn, t.id limit $2
  for update of t skip locked`);

/** Claims one row that no worker has, due or not. */
const CLAIM_ONE = claimStatement(`
  select ${CLAIMED_COLUMNS} from transactions t
  where t.provider = $1 and t.id = $2::uuid and t.due_at is not null and t.status in ('pending', 'processing')
    and not t.attempt_open
  for update skip locked`);

type ClaimRow = TransactionRow & { statusBefore: string; interrupted: boolean; expired: boolean };

export interface ClaimRequest {
  readonly provider: string;
  readonly maxRows: number;
  readonly leaseMs: number;
  /** Claims only rows that are too late to send; used while nothing may be sent. */
  readonly onlyExpired?: boolean;
  readonly actor: string;
  /** True when more rows may be due than can be claimed; the apps take turns then. */
  readonly fair?: boolean;
  /** Only operations of this type, or (`isWanted` false) only of other types. */
  readonly only?: { readonly type: string; readonly isWanted: boolean };
}

/** Called for a claim whose commit was not confirmed: no worker has its rows, if there are any. */
export type OnDoubt = (claimId: string) => void;

export async function claimDue(database: Database, request: ClaimRequest, onDoubt: OnDoubt): Promise<Claim[]> {
  const { provider, maxRows, leaseMs, onlyExpired = false, actor, fair = false, only } = request;
  const [name, text] = fair ? ['ledger_claim_fairly', CLAIM_FAIRLY] : ['ledger_claim', CLAIM];
  const due = [onlyExpired, only?.type ?? null, only?.isWanted ?? true];
  return reportDoubt(onDoubt, (claimId) =>
    database.prepared<ClaimRow>(name, text, [provider, maxRows, leaseMs, actor, claimId, ...due]),
  );
}

/** null when another worker has the row, or nothing is left to do. */
export async function claimOne(
  database: Database,
  { id, provider }: Pick<Transaction, 'id' | 'provider'>,
  { leaseMs, actor }: Pick<ClaimRequest, 'leaseMs' | 'actor'>,
  onDoubt: OnDoubt,
): Promise<Claim | null> {
  const claims = await reportDoubt(onDoubt, (claimId) =>
    database.prepared<ClaimRow>('ledger_claim_one', CLAIM_ONE, [provider, id, leaseMs, actor, claimId]),
  );
  return claims[0] ?? null;
}

async function reportDoubt(onDoubt: OnDoubt, work: (claimId: string) => Promise<ClaimRow[]>): Promise<Claim[]> {
  const claimId = newUuid();
  const leasedAtMs = performance.now();
  try {
    return toClaims(await work(claimId), leasedAtMs);
  } catch (error) {
    if (!isCertainlyUndone(error)) onDoubt(claimId);
    throw error;
  }
}

/** True when the statement never reached the database, or the database itself reported the failure. */
function isCertainlyUndone(error: unknown): boolean {
  return neverConnected(error) || (error instanceof DatabaseError && !isUnavailable(error));
}

function toClaims(rows: readonly ClaimRow[], leasedAtMs: number): Claim[] {
  return rows.map(({ statusBefore: _before, interrupted, expired, ...row }) => ({
    transaction: toTransaction(row),
    interrupted: interrupted && row.status === 'pending',
    expired,
    leasedAtMs,
  }));
}
