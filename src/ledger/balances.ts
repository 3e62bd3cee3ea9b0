import type { Database } from '../database/database.js';

export interface Account {
  readonly ownerKind: 'app' | 'provider';
  readonly owner: string;
  readonly unit: string;
  readonly openedAt: Date;
}

export interface AccountBalance extends Omit<Account, 'openedAt'> {
  /** Credits minus debits, in the unit's smallest part. */
  readonly held: bigint;
  readonly posted: bigint;
}

/** `known`: what had been recorded by then; `happened`: what had happened by then, as it is known today. */
export const VIEWS = ['known', 'happened'] as const;
export type View = (typeof VIEWS)[number];

/**
 * The balances at a point ($1; null: now), from the last checkpoint before it and what came after. An end that was
 * learnt late happened when the transaction had become unknown: with $2 it counts from then.
 */
const BALANCES = `
with point as (
  select coalesce($1::timestamptz, 'infinity') as at
), base as (
  select no, to_at from ledger_seals, point where to_at <= point.at order by to_at desc limit 1
), later as (
  select e.* from ledger_entries e, point
  where e.at >= coalesce((select to_at from base), '-infinity') and e.at <= point.at
  union all
  select e.* from point
  join transaction_events v on v.from_status = 'unknown' and v.at > point.at
  join ledger_entries e on e.transaction_id = v.transaction_id and e.app_id = v.app_id and e.seq = v.seq
  where $2 and e.at > point.at and (
    select max(u.at) from transaction_events u
    where u.transaction_id = v.transaction_id and u.app_id = v.app_id and u.to_status = 'unknown' and u.seq < v.seq
  ) <= point.at
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

/** Held and posted by account, now or at a point in the past; each unit sums to zero. */
export async function readBalances(database: Database, at: Date | null, view: View): Promise<AccountBalance[]> {
  const rows = await database.query<Omit<AccountBalance, 'held' | 'posted'> & { held: string; posted: string }>(
    BALANCES,
    [at, view === 'happened'],
  );
  return rows.map((row) => ({ ...row, held: BigInt(row.held), posted: BigInt(row.posted) }));
}

export async function readAccounts(database: Database): Promise<Account[]> {
  return database.query<Account>(ACCOUNTS);
}
