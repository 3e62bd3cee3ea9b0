import type { Database } from '../../database/database.js';

export interface Account {
  readonly ownerKind: 'app' | 'provider';
  readonly owner: string;
  readonly unit: string;
  readonly openedAt: Date;
}

export interface AccountBalance extends Omit<Account, 'openedAt'> {
  /** Credits minus debits, in the smallest unit. */
  readonly held: bigint;
  readonly posted: bigint;
}

/** `known`: as recorded at that time. `happened`: as of that time, with today's knowledge. */
export const VIEWS = ['known', 'happened'] as const;
export type View = (typeof VIEWS)[number];

/** The effective time of a result: when the transaction became unknown, otherwise when it became final. */
const HAPPENED = `
select coalesce((
  select max(u.at) from transaction_events u
  where u.transaction_id = v.transaction_id and u.app_id = v.app_id and u.to_status = 'unknown'
), (
  select max(c.at) from ledger_entries c
  where c.transaction_id = v.transaction_id and c.app_id = v.app_id and c.phase <> 'hold'
))`;

/**
 * The balances before a time ($1; null: now), from the last checkpoint before it and the later entries. With $2, late
 * results count from the time when the transaction became unknown, and corrections from the time of the corrected
 * result.
 */
const BALANCES = `
with point as (
  select coalesce($1::timestamptz, 'infinity') as until
), base as (
  select no, to_at from ledger_seals, point where to_at <= until order by to_at desc limit 1
), later as (
  select e.* from ledger_entries e, point
  where e.at >= coalesce((select to_at from base), '-infinity') and e.at < until
  union all
  select e.* from point
  join transaction_events v on v.from_status = 'unknown' and v.at >= until
  join ledger_entries e on e.transaction_id = v.transaction_id and e.app_id = v.app_id and e.seq = v.seq
  where $2 and e.at >= until and (${HAPPENED}) < until
  union all
  select e.* from point
  join transaction_events v on v.evidence = 'correction' and v.to_status is null and v.at >= until
  join ledger_entries e on e.transaction_id = substr(v.detail->>'correctionId', 5)::uuid and e.app_id = v.app_id
  where $2 and e.at >= until and (${HAPPENED}) < until
), moved as (
  select s.account, sum(s.sign * s.amount * case s.phase when 'hold' then 1 else -1 end) as held,
    coalesce(sum(s.sign * s.amount) filter (where s.phase = 'post'), 0) as posted
  from later e
  cross join lateral (values (e.debit_account, -1, e.phase, e.amount), (e.credit_account, 1, e.phase, e.amount))
    as s (account, sign, phase, amount)
  group by s.account
)
select a.owner_kind as "ownerKind", a.owner, a.unit, (coalesce(c.held, 0) + coalesce(m.held, 0))::text as held,
  (coalesce(c.posted, 0) + coalesce(m.posted, 0))::text as posted
from ledger_accounts a
left join lateral (
  select held, posted from ledger_checkpoints
  where account_id = a.id and seal_no <= (select no from base) order by seal_no desc limit 1
) c on true
left join moved m on m.account = a.id
order by a.owner_kind, a.owner, a.unit`;

const ACCOUNTS = `
select owner_kind as "ownerKind", owner, unit, created_at as "openedAt"
from ledger_accounts order by owner_kind, owner, unit`;

/**
 * Times are shown in milliseconds but stored in microseconds. One more millisecond includes entries of the given time.
 */
const MILLISECOND = 1;

/** Held and posted amounts by account, now or at the end of a past millisecond. Each unit sums to zero. */
export async function readBalances(database: Database, at: Date | null, view: View): Promise<AccountBalance[]> {
  const rows = await database.query<Omit<AccountBalance, 'held' | 'posted'> & { held: string; posted: string }>(
    BALANCES,
    [at && new Date(at.getTime() + MILLISECOND), view === 'happened'],
  );
  return rows.map((row) => ({ ...row, held: BigInt(row.held), posted: BigInt(row.posted) }));
}

export async function readAccounts(database: Database): Promise<Account[]> {
  return database.query<Account>(ACCOUNTS);
}
