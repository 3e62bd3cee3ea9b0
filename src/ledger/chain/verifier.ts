import type { Database } from '../../database/database.js';
import { RunningTotals } from './running-totals.js';
import { countLeaves, firstDifference, GENESIS, linkHash, readLeaves, type Leaf } from './seal-leaves.js';

/** The first fault that was found. */
export type Fault =
  | { readonly kind: 'row_changed' | 'row_missing' | 'row_added'; readonly sealNo: bigint; readonly row: Leaf }
  | { readonly kind: 'seal_changed' | 'seal_missing'; readonly sealNo: bigint }
  | { readonly kind: 'status_differs' | 'amount_differs' | 'transaction_missing'; readonly transactionId: string }
  | { readonly kind: 'balance_differs'; readonly sealNo: bigint; readonly account: string; readonly unit: string }
  | { readonly kind: 'head_missing' }
  | { readonly kind: 'unit_unbalanced'; readonly unit: string };

export interface Verification {
  readonly fault: Fault | null;
  readonly seals: number;
  readonly rows: number;
  /** Events and entries that no seal covers yet. */
  readonly unsealed: number;
  /** All rows before this time are sealed; null: no row is. */
  readonly sealedUntil: Date | null;
  /** The hash of the last seal. A copy stored elsewhere proves later that the chain was not rewritten. */
  readonly head: Buffer;
}

interface NoSeal {
  readonly no: null;
  readonly isCut: boolean;
}

interface StoredSeal {
  readonly no: string;
  readonly fromAt: string;
  readonly toAt: string;
  readonly until: Date;
  readonly leaves: Buffer;
  readonly hash: Buffer;
}

/**
 * The seal after $1. If there is none, `isCut` shows whether balances of a later seal exist, i.e. the seal was removed.
 * It is one statement for one snapshot: a seal and its balances are committed together, and another instance may seal
 * meanwhile.
 */
const NEXT = `
select s.no::text, (extract(epoch from s.from_at) * 1000000)::bigint::text as "fromAt",
  (extract(epoch from s.to_at) * 1000000)::bigint::text as "toAt", s.to_at as until, s.leaves, s.hash,
  case when s.no is null then exists (select from ledger_checkpoints where seal_no > $1) else false end as "isCut"
from (values (1)) as one
left join lateral (select * from ledger_seals where no > $1 order by no limit 1) s on true`;

/** A missing transaction whose first event is in [$1, $2). */
const ORPHANED = `
select e.transaction_id as id from transaction_events e
where e.seq = 1 and e.at >= timestamptz 'epoch' + $1::bigint * interval '1 microsecond'
  and e.at < timestamptz 'epoch' + $2::bigint * interval '1 microsecond'
  and not exists (select from transactions t where t.id = e.transaction_id and t.app_id = e.app_id)
order by e.at limit 1`;

const UNSEALED = `
with reached as (select coalesce((select max(to_at) from ledger_seals), '-infinity') as at)
select (select count(*) from transaction_events e, reached where e.at >= reached.at)::int
  + (select count(*) from ledger_entries e, reached where e.at >= reached.at)::int as rows`;

/** Checks a page of transactions against their last event, their hold or posting, and the accounts of their entries. */
const CONTRADICTIONS = `
with page as (
  select id, app_id, provider, status, quantity, unit from transactions
  where $1::uuid is null or id > $1 order by id limit $2
)
select (select id from page order by id desc limit 1) as last, (select count(*) from page)::int as count,
  (select p.id from page p
   join lateral (
     select to_status from transaction_events e
     where e.transaction_id = p.id and e.to_status is not null order by e.seq desc limit 1
   ) e on true
   where e.to_status <> p.status limit 1) as "statusOf",
  (select p.id from page p
   join lateral (
     select sum(case phase when 'hold' then amount else -amount end) as held,
       sum(amount) filter (where phase = 'post') as posted,
       bool_and(p.unit = all (array[d.unit, c.unit])
         and case d.owner_kind when 'app' then d.owner else c.owner end = p.app_id::text
         and case d.owner_kind when 'app' then c.owner else d.owner end = p.provider) as own
     from ledger_entries e
     join ledger_accounts d on d.id = e.debit_account
     join ledger_accounts c on c.id = e.credit_account
     where e.transaction_id = p.id
   ) e on true
   where p.quantity is not null and (
     not coalesce(e.own, true) or coalesce(e.held, 0) <> case when p.status in ('succeeded', 'failed', 'canceled') then 0 else p.quantity end
     or coalesce(e.posted, 0) <> case when p.status = 'succeeded' then p.quantity else 0 end)
   limit 1) as "amountOf"`;

const PAGE_ROWS = 5_000;

const UNBALANCED = `
select a.unit from ledger_accounts a
join lateral (
  select held, posted from ledger_checkpoints where account_id = a.id order by seal_no desc limit 1
) c on true
group by a.unit having sum(c.held) <> 0 or sum(c.posted) <> 0 order by a.unit limit 1`;

/**
 * Compares every sealed row with its seal, the balances with the entries, and every transaction with its rows, in parts
 * and in constant memory. `kept`, a hash that was stored elsewhere, must be in the chain.
 */
export async function verifyLedger(database: Database, kept: Buffer | null = null): Promise<Verification> {
  const { hasKept, ...chain } = await verifyChain(database, kept);
  const fault =
    chain.fault ??
    (hasKept ? null : { kind: 'head_missing' as const }) ??
    (await findContradiction(database)) ??
    (await findUnbalanced(database));
  const [unsealed] = await database.query<{ rows: number }>(UNSEALED);
  return { ...chain, unsealed: unsealed?.rows ?? 0, fault };
}

type Chain = Omit<Verification, 'unsealed'> & { readonly hasKept: boolean };

async function verifyChain(database: Database, kept: Buffer | null): Promise<Chain> {
  let seen: Omit<Chain, 'fault'> = { seals: 0, rows: 0, sealedUntil: null, head: GENESIS, hasKept: kept === null };
  let reached: bigint | null = null;
  const totals = new RunningTotals(database);
  for (;;) {
    const [seal] = await database.query<StoredSeal | NoSeal>(NEXT, [seen.seals]);
    if (!seal || seal.no === null) {
      return {
        ...seen,
        fault: seal?.isCut === true ? { kind: 'seal_missing', sealNo: BigInt(seen.seals) + 1n } : null,
      };
    }
    const no = BigInt(seal.no);
    const [fromAt, toAt] = [BigInt(seal.fromAt), BigInt(seal.toAt)];
    if (no !== BigInt(seen.seals) + 1n || (reached !== null && reached !== fromAt)) {
      return { ...seen, fault: { kind: 'seal_missing', sealNo: BigInt(seen.seals) + 1n } };
    }
    if (!linkHash(seen.head, { no, fromAt, toAt, leaves: seal.leaves }).equals(seal.hash)) {
      return { ...seen, fault: { kind: 'seal_changed', sealNo: no } };
    }
    const found = firstDifference(seal.leaves, await readLeaves(database, fromAt, toAt));
    if (found) return { ...seen, fault: { kind: `row_${found.difference}`, sealNo: no, row: found.leaf } };
    const fault = (await findOrphan(database, fromAt, toAt)) ?? (await totals.compare(no));
    if (fault) return { ...seen, fault };
    reached = toAt;
    seen = {
      seals: seen.seals + 1,
      rows: seen.rows + countLeaves(seal.leaves),
      sealedUntil: seal.until,
      head: seal.hash,
      hasKept: seen.hasKept || kept?.equals(seal.hash) === true,
    };
  }
}

async function findOrphan(database: Database, fromAt: bigint, toAt: bigint): Promise<Fault | null> {
  const [orphan] = await database.query<{ id: string }>(ORPHANED, [String(fromAt), String(toAt)]);
  return orphan ? { kind: 'transaction_missing', transactionId: orphan.id } : null;
}

async function findContradiction(database: Database): Promise<Fault | null> {
  let after: string | null = null;
  for (;;) {
    const [page]: { last: string | null; count: number; statusOf: string | null; amountOf: string | null }[] =
      await database.query(CONTRADICTIONS, [after, PAGE_ROWS]);
    if (!page) return null;
    if (page.statusOf !== null) return { kind: 'status_differs', transactionId: page.statusOf };
    if (page.amountOf !== null) return { kind: 'amount_differs', transactionId: page.amountOf };
    if (page.count < PAGE_ROWS) return null;
    after = page.last;
  }
}

async function findUnbalanced(database: Database): Promise<Fault | null> {
  const [row] = await database.query<{ unit: string }>(UNBALANCED);
  return row ? { kind: 'unit_unbalanced', unit: row.unit } : null;
}
