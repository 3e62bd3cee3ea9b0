import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { newUuid } from '../common/ids.js';

/** The result of a balance query. Decimals are exact text. */
export interface Observation {
  readonly provider: string;
  readonly balance: string;
  readonly currency: string | null;
  /** The purchase that caused the query; null: a scheduled query. */
  readonly transactionId: string | null;
  /** The database's clock before the query, minus the provider's lag: the balance includes all purchases before it. */
  readonly begunAt: Date;
}

export interface StoredBalance {
  readonly id: string;
  readonly at: Date;
  readonly balance: string;
  readonly currency: string | null;
  readonly source: string;
  readonly transactionId: string | null;
  /** The amount that one unit of the balance bought, in the ledger's smallest unit, e.g. cents. */
  readonly unitRate: string | null;
}

export interface FloatState {
  readonly balance: string;
  readonly at: Date;
  readonly currency: string | null;
  readonly begunAt: Date;
  /** The amount that one unit of the balance buys, e.g. in pesos (not in cents). */
  readonly rate: string | null;
  readonly hoursLeft: string | null;
  readonly emptiedAt: Date | null;
}

/**
 * The spending of the last 24 hours comes from three checkpoints of the sealed ledger instead of a sum over purchases:
 * a few seconds behind, but no slower with more purchases. An account has a checkpoint at each seal that changed it.
 */
const STATE = `
with day as (
  select no from ledger_seals where to_at > now() - interval '24 hours' order by to_at limit 1
), spent as (
  select sum(latest.posted - coalesce(before.posted, 0)) as quantity, min(l.to_at) as since
  from ledger_accounts a
  cross join day
  cross join lateral (
    select seal_no from ledger_checkpoints where account_id = a.id and seal_no >= day.no order by seal_no limit 1
  ) earliest
  cross join lateral (
    select posted from ledger_checkpoints where account_id = a.id order by seal_no desc limit 1
  ) latest
  left join lateral (
    select posted from ledger_checkpoints where account_id = a.id and seal_no < day.no order by seal_no desc limit 1
  ) before on true
  join ledger_seals l on l.no = earliest.seal_no
  where a.owner_kind = 'provider' and a.owner = $1
)
select b.balance::text, b.at, b.begun_at as "begunAt", round(float_rate($1) / 100, 6)::text as rate, f.emptied_at as "emptiedAt",
  coalesce(b.currency, (select c.currency from provider_balances c
    where c.provider = $1 and c.currency is not null order by c.at desc limit 1)) as currency,
  (select round(greatest(b.balance, 0) * float_rate($1) / nullif(greatest(quantity, 0), 0)
      * (extract(epoch from greatest(now() - since, interval '1 hour')) / 3600)::numeric, 1)::text
    from spent) as "hoursLeft"
from provider_balances b left join provider_floats f on f.provider = b.provider
where b.provider = $1 order by b.begun_at desc, b.id desc limit 1`;

/** A rate that this balance disproves is dropped first, so that the new rate is not compared with it. */
const OBSERVE = `
with refuted as materialized (
  select refute_rate($2, $3::numeric, $5::timestamptz) as done
), rated as materialized (
  select (select observed_rate($3::numeric, $5, $2, t.id, t.quantity) from transactions t where t.id = $6::uuid) as rate
  from refuted where done is not null
)
insert into provider_balances (id, provider, balance, currency, source, begun_at, transaction_id, unit_rate, rate_counts)
select $1, $2, $3::numeric, $4, 'query', $5, $6::uuid, rate, weigh_rate($2, rate) from rated`;

const STORE_LEVEL = `
insert into provider_floats as f (provider, low_level) values ($1, $2::numeric)
on conflict (provider) do update set low_level = excluded.low_level where f.low_level is distinct from excluded.low_level`;

/** The stored series of balances that providers reported, each in its own currency. */
@Injectable()
export class Balances {
  constructor(private readonly database: Database) {}

  async observe({ provider, balance, currency, transactionId, begunAt }: Observation): Promise<void> {
    await this.database.query(OBSERVE, [newUuid(), provider, balance, currency, begunAt, transactionId]);
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

  /** The database's time `ms` milliseconds ago. */
  async ago(ms: number): Promise<Date> {
    const text = `select clock_timestamp() - $1 * interval '1 ms' as ago`;
    return (await this.database.query<{ ago: Date }>(text, [ms]))[0]?.ago ?? new Date(Date.now() - ms);
  }

  /** One commit with the event for operators, which a trigger writes when the level falls; null: above all levels. */
  async storeLowLevel(provider: string, level: string | null): Promise<void> {
    await this.database.query(STORE_LEVEL, [provider, level]);
  }

  /** True when this instance may query now: over all instances there is one scheduled query per `everyMs`. */
  async claimQuery(provider: string, everyMs: number): Promise<boolean> {
    const rows = await this.database.query(
      `insert into provider_floats as f (provider, asked_at) values ($1, now())
       on conflict (provider) do update set asked_at = now()
       where f.asked_at is null or f.asked_at <= now() - $2 * interval '1 ms' returning 1 as mine`,
      [provider, everyMs],
    );
    return rows.length > 0;
  }
}
