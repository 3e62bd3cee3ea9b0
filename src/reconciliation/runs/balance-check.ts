import { Decimal } from 'decimal.js';
import type { Database } from '../../database/database.js';
import { newUuid } from '../../common/ids.js';
import type { Run } from './runs.service.js';

/**
 * The fall of the balance between the first and the last observation in the period ($2, $3), and the cost of the
 * purchases between them at the observed rate. Every rise counts as paid in. An unknown purchase may have cost its
 * amount or nothing.
 */
const MOVEMENT = `
with looks as (
  select id, at, begun_at, balance, currency, transaction_id,
    balance - lag(balance) over (order by at, id) as change
  from provider_balances
  where provider = $1 and ($2::timestamptz is null or at >= $2) and ($3::timestamptz is null or at <= $3)
), first as (select * from looks order by at, id limit 1
), last as (select * from looks order by at desc, id desc limit 1
), spent as (
  select coalesce(sum(t.quantity) filter (where t.status = 'succeeded'), 0) as known,
    coalesce(sum(t.quantity) filter (where t.status = 'unknown'), 0) as doubtful
  from transactions t, first, last
  where t.provider = $1 and t.covered and t.id is distinct from first.transaction_id
    and (t.status = 'succeeded' and t.completed_at >= first.begun_at
        and (t.completed_at < last.begun_at or t.id = last.transaction_id)
      or t.status = 'unknown' and t.updated_at >= first.begun_at and t.created_at < last.at)
)
select first.id as "firstId", last.id as "lastId", coalesce(last.currency, (
    select b.currency from provider_balances b where b.provider = $1 and b.currency is not null order by b.at desc limit 1
  )) as currency,
  (select count(*) from looks)::int as looks, float_rate($1) is not null as "hasRate",
  coalesce((select -sum(change) from looks where change < 0), 0)::text as fallen,
  coalesce((select sum(change) from looks where change > 0), 0)::text as "paidIn",
  round(spent.known / float_rate($1), 2)::text as known, round(spent.doubtful / float_rate($1), 2)::text as doubtful
from first, last, spent`;

const SAVE_BREAK = `
insert into breaks (id, class, provider, record_key, run_id, amount, unit, detail)
values ($1, 'unexplained_balance', $2, $3, $4, $5, $6, $7)
on conflict (class, provider, transaction_id, notification_id, record_key, difference) do update
  set run_id = excluded.run_id, updated_at = clock_timestamp() where breaks.status = 'open'`;

interface Movement {
  readonly firstId: string;
  readonly lastId: string;
  /** null: the provider has never named it. */
  readonly currency: string | null;
  readonly looks: number;
  readonly hasRate: boolean;
  readonly fallen: string;
  readonly paidIn: string;
  readonly known: string | null;
  readonly doubtful: string | null;
}

/** The rate may change by this fraction between observations, in both directions. */
const DRIFT = 0.02;
const ROUNDING = 0.02;

/** Compares the observed balance with the spending in the ledger. */
export async function checkBalance(database: Database, run: Run): Promise<Record<string, number>> {
  const [movement] = await database.query<Movement>(MOVEMENT, [run.provider, run.from, run.to]);
  if (!movement || movement.looks < 2 || !movement.hasRate) return { observations: movement?.looks ?? 0 };
  const unexplained = unexplainedCents(movement);
  const counts = { observations: movement.looks };
  if (unexplained === 0) return { ...counts, unexplained_balance: 0 };
  const { fallen, paidIn, known, doubtful } = movement;
  await database.query(SAVE_BREAK, [
    newUuid(),
    run.provider,
    `${movement.firstId}:${movement.lastId}`,
    run.id,
    Math.abs(unexplained),
    movement.currency,
    { fallen, paidIn, known, doubtful },
  ]);
  return { ...counts, unexplained_balance: 1 };
}

/**
 * An estimate in hundredths of the balance's currency: positive when the balance fell more than the ledger explains.
 */
function unexplainedCents(movement: Movement): number {
  const fallen = new Decimal(movement.fallen);
  const known = new Decimal(movement.known ?? 0);
  const doubtful = new Decimal(movement.doubtful ?? 0);
  const least = known.times(1 - DRIFT).minus(ROUNDING);
  const most = known
    .plus(doubtful)
    .times(1 + DRIFT)
    .plus(ROUNDING);
  if (fallen.greaterThan(most)) return cents(fallen.minus(known).minus(doubtful));
  return fallen.lessThan(least) ? cents(fallen.minus(known)) : 0;
}

function cents(amount: Decimal): number {
  return amount.times(100).round().toNumber();
}
