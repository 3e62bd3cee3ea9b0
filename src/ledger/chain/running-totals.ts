import type { Database } from '../../database/database.js';

/** The movements of a seal's entries on each account, and the balances that were stored with the seal. */
const OF_SEAL = `
with moved as (
  select s.account, sum(s.sign * s.amount * case s.phase when 'hold' then 1 else -1 end) as held,
    coalesce(sum(s.sign * s.amount) filter (where s.phase = 'post'), 0) as posted
  from ledger_seals l
  join ledger_entries e on e.at >= l.from_at and e.at < l.to_at
  cross join lateral (values (e.debit_account, -1, e.phase, e.amount), (e.credit_account, 1, e.phase, e.amount))
    as s (account, sign, phase, amount)
  where l.no = $1 group by s.account
)
select a.id::text as account, case a.owner_kind when 'app' then 'app_' else '' end || a.owner as owner, a.unit, coalesce(m.held, 0)::text as held, coalesce(m.posted, 0)::text as posted,
  c.held::text as "keptHeld", c.posted::text as "keptPosted"
from moved m
full join (select * from ledger_checkpoints where seal_no = $1) c on c.account_id = m.account
join ledger_accounts a on a.id = coalesce(m.account, c.account_id)
order by a.id`;

interface Row {
  readonly account: string;
  readonly owner: string;
  readonly unit: string;
  readonly held: string;
  readonly posted: string;
  /** null: no balance was stored. */
  readonly keptHeld: string | null;
  readonly keptPosted: string | null;
}

interface Total {
  readonly held: bigint;
  readonly posted: bigint;
}

const ZERO: Total = { held: 0n, posted: 0n };

/** An account whose stored balance differs from the sum of its entries. */
export interface WrongBalance {
  readonly kind: 'balance_differs';
  readonly sealNo: bigint;
  readonly account: string;
  readonly unit: string;
}

/**
 * Sums the entries again, seal by seal, and compares the sums with the stored balances. Keeps two numbers per account.
 */
export class RunningTotals {
  private readonly totals = new Map<string, Total>();

  constructor(private readonly database: Database) {}

  /** Call it for every seal in order, without gaps. */
  async compare(sealNo: bigint): Promise<WrongBalance | null> {
    for (const row of await this.database.query<Row>(OF_SEAL, [String(sealNo)])) {
      const before = this.totals.get(row.account) ?? ZERO;
      const total = { held: before.held + BigInt(row.held), posted: before.posted + BigInt(row.posted) };
      if (row.keptHeld !== String(total.held) || row.keptPosted !== String(total.posted)) {
        return { kind: 'balance_differs', sealNo, account: row.owner, unit: row.unit };
      }
      this.totals.set(row.account, total);
    }
    return null;
  }
}
