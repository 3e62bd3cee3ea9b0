import type { PoolClient, QueryResultRow } from 'pg';
import type { Database } from '../../database/database.js';
import { countLeaves, GENESIS, linkHash, readLeaves, type Queries } from './seal-leaves.js';

/** Key of the advisory lock: only one instance seals at a time. */
const SEAL_LOCK = 4_217_020;
const MAX_ROWS = 10_000;
const MICROSECONDS = 1_000_000n;
const FIRST_SPAN = 60n * MICROSECONDS;
/** The start of the first seal, 2020-01-01, before any ledger. */
const BEGINNING = 1_577_836_800n * MICROSECONDS;

/**
 * The time, in microseconds, before which no row can be written any more. A row's time is never before the start of its
 * database transaction, so the oldest open transaction is the limit. One second is subtracted, because a new
 * transaction takes a moment to appear in pg_stat_activity.
 */
const SETTLED_UNTIL = `
select (extract(epoch from least(clock_timestamp(), (
  select min(xact_start) from pg_stat_activity
  where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
)) - interval '1 second') * 1000000)::bigint::text as until`;

const LAST = `
select no::text, (extract(epoch from to_at) * 1000000)::bigint::text as "toAt", hash
from ledger_seals order by ledger_seals.no desc limit 1`;

const IS_THERE = `select from ledger_seals where no = $1 and hash = $2`;

const COUNT = `
with bounds as (
  select timestamptz 'epoch' + $1::bigint * interval '1 microsecond' as from_at,
    timestamptz 'epoch' + $2::bigint * interval '1 microsecond' as to_at
)
select (select count(*) from transaction_events e, bounds where e.at >= from_at and e.at < to_at)::int
  + (select count(*) from ledger_entries e, bounds where e.at >= from_at and e.at < to_at)::int as rows`;

const INSERT = `
insert into ledger_seals (no, from_at, to_at, rows, leaves, hash)
values ($1, timestamptz 'epoch' + $2::bigint * interval '1 microsecond',
  timestamptz 'epoch' + $3::bigint * interval '1 microsecond', $4, $5, $6)`;

/** Every entry changes two accounts with opposite signs; a post or a release ends its hold. */
const CHECKPOINTS = `
insert into ledger_checkpoints (account_id, seal_no, held, posted)
select s.account, $1, sum(s.sign * s.amount * case s.phase when 'hold' then 1 else -1 end) + coalesce(min(c.held), 0),
  coalesce(sum(s.sign * s.amount) filter (where s.phase = 'post'), 0) + coalesce(min(c.posted), 0)
from ledger_seals l
join ledger_entries e on e.at >= l.from_at and e.at < l.to_at
cross join lateral (values (e.debit_account, -1, e.phase, e.amount), (e.credit_account, 1, e.phase, e.amount))
  as s (account, sign, phase, amount)
left join lateral (
  select held, posted from ledger_checkpoints where account_id = s.account order by seal_no desc limit 1
) c on true
where l.no = $1 group by s.account`;

export interface Seal {
  readonly no: bigint;
  readonly rows: number;
  readonly hash: Buffer;
  /** True when more rows can be sealed at once; otherwise only rows that were written meanwhile remain. */
  readonly hasMore: boolean;
}

interface End {
  readonly toAt: bigint;
  readonly hasMore: boolean;
}

/** The last seal that this process has seen is missing or different. Sealing further would hide the manipulation. */
export class ChainBroken extends Error {
  override readonly name = 'ChainBroken';

  constructor({ no, hash }: Pick<Seal, 'no' | 'hash'>) {
    super(`seal ${no} with the hash ${hash.toString('hex')} is no longer in the ledger`);
  }
}

/** Seals the rows since the last seal in parts. Only one instance at a time does it. */
export class Sealer {
  /** The period that contains about as many rows as fit into a seal; it is adapted continuously. */
  private span = FIRST_SPAN;
  /** The end of the chain that this process has seen. An attacker who changes the database cannot change it. */
  private seen: Pick<Seal, 'no' | 'hash'> | null = null;

  /** `maxRows`: the approximate limit of rows in a seal, because a seal is read as a whole. */
  constructor(
    private readonly database: Database,
    private readonly maxRows = MAX_ROWS,
  ) {}

  /**
   * Returns the new seal; null: there is nothing to seal, or another instance is sealing.
   * @throws ChainBroken if the chain was cut off or rewritten since the last call
   */
  async seal(): Promise<Seal | null> {
    await this.database.query('select summarize_ledger()');
    const made = await this.database.transaction(async (client) => {
      const lock = await client.query<{ mine: boolean }>(`select pg_try_advisory_xact_lock($1) as mine`, [SEAL_LOCK]);
      if (lock.rows[0]?.mine !== true) return null;
      await this.assertSeen(client);
      const last = (await client.query<{ no: string; toAt: string; hash: Buffer }>(LAST)).rows[0];
      if (last) this.seen = { no: BigInt(last.no), hash: last.hash };
      const until = BigInt((await client.query<{ until: string }>(SETTLED_UNTIL)).rows[0]?.until ?? 0);
      const fromAt = last ? BigInt(last.toAt) : BEGINNING;
      const end = await this.findEnd(client, fromAt, until);
      if (end === null) return null;
      const { toAt, hasMore } = end;
      const queries: Queries = {
        query: async <Row extends QueryResultRow>(text: string, values: readonly unknown[]) =>
          (await client.query<Row>(text, [...values])).rows,
      };
      const leaves = await readLeaves(queries, fromAt, toAt);
      const no = BigInt(last?.no ?? 0) + 1n;
      const rows = countLeaves(leaves);
      const hash = linkHash(last?.hash ?? GENESIS, { no, fromAt, toAt, leaves });
      await client.query(INSERT, [String(no), String(fromAt), String(toAt), rows, leaves, hash]);
      await client.query(CHECKPOINTS, [String(no)]);
      return { no, rows, hash, hasMore };
    });
    // Only after the commit.
    if (made) this.seen = made;
    return made;
  }

  private async assertSeen(client: PoolClient): Promise<void> {
    if (!this.seen) return;
    const { rowCount } = await client.query(IS_THERE, [String(this.seen.no), this.seen.hash]);
    if (rowCount === 0) throw new ChainBroken(this.seen);
  }

  /** The latest end of the next seal with at most `maxRows` rows; null: there are no rows. */
  private async findEnd(client: PoolClient, fromAt: bigint, until: bigint): Promise<End | null> {
    let emptyUntil = fromAt;
    for (;;) {
      const isWhole = emptyUntil + this.span < until;
      const toAt = isWhole ? emptyUntil + this.span : until;
      if (toAt <= emptyUntil) return null;
      const rows = (await client.query<{ rows: number }>(COUNT, [String(emptyUntil), String(toAt)])).rows[0]?.rows ?? 0;
      if (rows > this.maxRows && this.span > 1n) {
        this.span = this.span / 2n;
        continue;
      }
      if (isWhole && rows < this.maxRows / 2) this.span = this.span * 2n;
      if (rows > 0) return { toAt, hasMore: toAt < until };
      emptyUntil = toAt;
    }
  }
}
