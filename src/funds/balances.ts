import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { newUuid } from '../ids.js';

/** A balance as a provider told it; decimals are text, as exact as they came. */
export interface Observation {
  readonly provider: string;
  readonly balance: string;
  readonly currency: string | null;
  readonly source: 'purchase' | 'query';
  /** The purchase whose answer told it, or after which it was asked for. */
  readonly transactionId: string | null;
  /** The database's clock before the provider was asked, less its lag: what was executed before then is in it. */
  readonly begunAt: Date;
}

export interface StoredBalance {
  readonly id: string;
  readonly at: Date;
  readonly balance: string;
  readonly currency: string | null;
  readonly source: string;
  readonly transactionId: string | null;
  /** Smallest parts of the ledger's unit that one unit of the balance bought. */
  readonly unitRate: string | null;
}

export interface FloatState {
  readonly balance: string;
  readonly at: Date;
  readonly currency: string | null;
  readonly begunAt: Date;
  /** What one unit of the balance buys, in pesos or the like (not in its smallest part). */
  readonly rate: string | null;
  readonly hoursLeft: string | null;
  readonly emptiedAt: Date | null;
}

/**
 * A rate comes of two balances with one purchase between them and no other: none that ended since the first was asked
 * for, none that may have been executed late, none under way (while no rate is known only the one that has the turn is
 * under way; the others wait in front of the door with an open attempt).
 */
const OBSERVE = `
with before as (
  select * from provider_balances b
  where b.provider = $2 and b.at <= $7 and (b.currency is null or $4::text is null or b.currency = $4)
  order by b.at desc, b.id desc limit 1
), own as (
  select t.id, t.quantity, exists (
      select from provider_floats f where f.provider = $2 and f.turn_id = t.id) and float_rate($2) is null as has_turn
  from transactions t where t.id = $6::uuid
), rate as (
  select own.quantity / (before.balance - $3::numeric) as value from own, before
  where before.balance > $3::numeric and not exists (
    select from transactions t
    where t.provider = $2 and t.covered and t.id <> own.id and t.id is distinct from before.transaction_id
      and (t.status = 'pending' and t.attempt_open and not own.has_turn
        or t.status = 'unknown' and t.updated_at >= before.begun_at
        or t.status = 'succeeded' and t.completed_at >= before.begun_at))
)
insert into provider_balances (id, provider, balance, currency, source, transaction_id, begun_at, unit_rate)
select $1, $2, $3::numeric, $4, $5, $6::uuid, $7, (select value from rate)
returning (select balance::text from before) as before`;

const STATE = `
select b.balance::text, b.at, b.begun_at as "begunAt", round(float_rate($1) / 100, 6)::text as rate, f.emptied_at as "emptiedAt",
  coalesce(b.currency, (select c.currency from provider_balances c
    where c.provider = $1 and c.currency is not null order by c.at desc limit 1)) as currency,
  (select round(greatest(b.balance, 0) * float_rate($1) / nullif(sum(t.quantity), 0)
      * (extract(epoch from greatest(now() - min(t.completed_at), interval '1 hour')) / 3600)::numeric, 1)::text
    from transactions t where t.provider = $1 and t.covered and t.status = 'succeeded'
      and t.completed_at > now() - interval '24 hours') as "hoursLeft"
from provider_balances b left join provider_floats f on f.provider = b.provider
where b.provider = $1 order by b.begun_at desc, b.id desc limit 1`;

/** The balances that providers told, as a series, each in its own currency. */
@Injectable()
export class Balances {
  constructor(private readonly database: Database) {}

  /** Answers with the balance before it, for those who watch for a fall; null: it is the first. */
  async observe(observation: Observation): Promise<string | null> {
    const { provider, balance, currency, source, transactionId, begunAt } = observation;
    const values = [newUuid(), provider, balance, currency, source, transactionId, begunAt];
    const rows = await this.database.query<{ before: string | null }>(OBSERVE, values);
    return rows[0]?.before ?? null;
  }

  /** Newest first. */
  async history(
    provider: string,
    { limit, before }: { limit: number; before: string | null },
  ): Promise<StoredBalance[]> {
    return this.database.query<StoredBalance>(
      `select id, at, balance::text, currency, source, transaction_id as "transactionId", unit_rate::text as "unitRate"
       from provider_balances where provider = $1 and ($2::uuid is null or id < $2) order by id desc limit $3`,
      [provider, before, limit],
    );
  }

  /** null: no balance has been observed yet. */
  async state(provider: string): Promise<FloatState | null> {
    return (await this.database.query<FloatState>(STATE, [provider]))[0] ?? null;
  }

  /** So many milliseconds ago by the database's clock. */
  async ago(ms: number): Promise<Date> {
    const text = `select clock_timestamp() - $1 * interval '1 ms' as ago`;
    return (await this.database.query<{ ago: Date }>(text, [ms]))[0]?.ago ?? new Date(Date.now() - ms);
  }

  /** Whether it is this instance's turn to ask: of a fleet, one in that time. */
  async claimAsking(provider: string, everyMs: number): Promise<boolean> {
    const rows = await this.database.query(
      `insert into provider_floats as f (provider, asked_at) values ($1, now())
       on conflict (provider) do update set asked_at = now()
       where f.asked_at is null or f.asked_at <= now() - $2 * interval '1 ms' returning 1 as mine`,
      [provider, everyMs],
    );
    return rows.length > 0;
  }
}
