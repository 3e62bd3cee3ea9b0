import { DatabaseError } from 'pg';
import { isUnavailable, neverConnected, type Database } from '../../database/database.js';
import { newUuid } from '../../common/ids.js';
import { TRANSACTION_COLUMNS, toTransaction, type TransactionRow } from '../model/columns.js';
import type { Transaction } from '../model/transaction.js';

/** A row taken up by this instance, for as long as its lease lasts. */
export interface Claim {
  readonly transaction: Transaction;
  /** An attempt was under way when its lease ended: whoever made it is gone, and nobody knows how far it came. */
  readonly interrupted: boolean;
  /** It can no longer be sent in time; no attempt was begun. */
  readonly expired: boolean;
  /** The float was found to cover it by the commit that began this attempt; default: somebody has to look. */
  readonly isCovered?: boolean;
  /** What is to be sent, as whoever has just recorded it knows; default: it has to be decrypted. */
  readonly body?: string;
  /** Before the lease began, on this process's monotonic clock. */
  readonly leasedAtMs: number;
}

/**
 * Takes up rows whose time has come, oldest first, each for one lease. Of several instances exactly one gets a row. For a
 * row that will be sent the attempt begins here, before anything leaves; a held one is released by the same commit. An open
 * attempt keeps the id and the epoch of the claim that began it, whoever takes the row up after that.
 */
const claim = (due: string): string => `
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
  select gen_random_uuid(), id, "appId", version, 'scheduled', 'pending', $4, 'release time reached'
  from claimed where "statusBefore" = 'scheduled'
)
select * from claimed order by "createdAt"`;

const DUE = `due_at <= now() and provider = $1 and ($7::text is null or (type = $7) = $8::boolean)
  and (not $6::boolean or (expires_at <= now() and not attempt_open))`;
const TAKEN_UP = `t.id, t.app_id, t.status, t.attempt_open, coalesce(t.expires_at <= now(), false) as expired`;

const CLAIM = claim(`
  select ${TAKEN_UP} from transactions t where ${DUE} order by due_at limit $2 for update skip locked`);

/** Where not all can go, apps take turns, each with its oldest first: one that sends much delays only itself. */
const CLAIM_FAIRLY = claim(`
  select ${TAKEN_UP}
  from (select id, app_id, row_number() over (partition by app_id order by id) as turn from transactions where ${DUE}) r
  join transactions t using (id, app_id)
  where ${DUE}
  order by r.turn, t.id limit $2
  for update of t skip locked`);

/** One that nobody works on, whenever it is due. */
const CLAIM_ONE = claim(`
  select ${TAKEN_UP} from transactions t
  where t.provider = $1 and t.id = $2::uuid and t.due_at is not null and t.status in ('pending', 'processing')
    and not t.attempt_open
  for update skip locked`);

type ClaimRow = TransactionRow & { statusBefore: string; interrupted: boolean; expired: boolean };

export interface ClaimRequest {
  readonly provider: string;
  readonly maxRows: number;
  readonly leaseMs: number;
  /** Only what can no longer be sent in time: while nothing may be sent. */
  readonly onlyExpired?: boolean;
  readonly actor: string;
  /** More may be due than can be taken up. */
  readonly fair?: boolean;
  /** Only operations of that type, or of any other. */
  readonly only?: { readonly type: string; readonly isWanted: boolean };
}

/** Told of a claim whose commit was not confirmed: its rows, if there are any, are worked on by no one. */
export type OnDoubt = (claimId: string) => void;

export async function claimDue(database: Database, request: ClaimRequest, onDoubt: OnDoubt): Promise<Claim[]> {
  const { provider, maxRows, leaseMs, onlyExpired = false, actor, fair = false, only } = request;
  const [name, text] = fair ? ['ledger_claim_fairly', CLAIM_FAIRLY] : ['ledger_claim', CLAIM];
  const due = [onlyExpired, only?.type ?? null, only?.isWanted ?? true];
  return confirmed(onDoubt, (claimId) =>
    database.prepared<ClaimRow>(name, text, [provider, maxRows, leaseMs, actor, claimId, ...due]),
  );
}

/** null when somebody works on it, or nothing is to be done. */
export async function claimOne(
  database: Database,
  { id, provider }: Pick<Transaction, 'id' | 'provider'>,
  { leaseMs, actor }: Pick<ClaimRequest, 'leaseMs' | 'actor'>,
  onDoubt: OnDoubt,
): Promise<Claim | null> {
  const claims = await confirmed(onDoubt, (claimId) =>
    database.prepared<ClaimRow>('ledger_claim_one', CLAIM_ONE, [provider, id, leaseMs, actor, claimId]),
  );
  return claims[0] ?? null;
}

async function confirmed(onDoubt: OnDoubt, work: (claimId: string) => Promise<ClaimRow[]>): Promise<Claim[]> {
  const claimId = newUuid();
  const leasedAtMs = performance.now();
  try {
    return toClaims(await work(claimId), leasedAtMs);
  } catch (error) {
    if (!isCertainlyUndone(error)) onDoubt(claimId);
    throw error;
  }
}

/** It never reached the database, or the database itself says that it failed. */
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
