import type { Database } from '../database/database.js';
import { countLeaves, firstDifference, GENESIS, linkHash, readLeaves, type Leaf } from './leaves.js';

/** The first thing that is wrong. */
export type Fault =
  | { readonly kind: 'row_changed' | 'row_missing' | 'row_added'; readonly sealNo: bigint; readonly row: Leaf }
  | { readonly kind: 'seal_changed' | 'seal_missing'; readonly sealNo: bigint }
  | { readonly kind: 'status_differs' | 'amount_differs'; readonly transactionId: string }
  | { readonly kind: 'unit_unbalanced'; readonly unit: string };

export interface Verification {
  readonly fault: Fault | null;
  readonly seals: number;
  readonly rows: number;
  /** Everything before is sealed; null: nothing is. */
  readonly sealedUntil: Date | null;
  /** Of the last seal: whoever keeps it elsewhere can tell later that nothing was sealed anew. */
  readonly head: Buffer;
}

interface StoredSeal {
  readonly no: string;
  readonly fromAt: string;
  readonly toAt: string;
  readonly until: Date;
  readonly leaves: Buffer;
  readonly hash: Buffer;
}

const NEXT = `
select no::text, (extract(epoch from from_at) * 1000000)::bigint::text as "fromAt",
  (extract(epoch from to_at) * 1000000)::bigint::text as "toAt", to_at as until, leaves, hash
from ledger_seals s where s.no > $1 order by s.no limit 1`;

/** A page of transactions beside what their last event and their open or ended hold say. */
const CONTRADICTIONS = `
with page as (
  select id, app_id, status, quantity, version from transactions
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
       sum(amount) filter (where phase = 'post') as posted
     from ledger_entries e where e.transaction_id = p.id
   ) e on true
   where p.quantity is not null and (
     coalesce(e.held, 0) <> case when p.status in ('succeeded', 'failed', 'canceled') then 0 else p.quantity end
     or coalesce(e.posted, 0) <> case when p.status = 'succeeded' then p.quantity else 0 end)
   limit 1) as "amountOf"`;

const PAGE_ROWS = 5_000;

const UNBALANCED = `
select a.unit from ledger_accounts a
join lateral (
  select held, posted from ledger_checkpoints where account_id = a.id order by seal_no desc limit 1
) c on true
group by a.unit having sum(c.held) <> 0 or sum(c.posted) <> 0 order by a.unit limit 1`;

/** Compares every sealed row with its seal and every transaction with its rows; a part at a time, in constant memory. */
export async function verifyLedger(database: Database): Promise<Verification> {
  const chain = await verifyChain(database);
  const fault = chain.fault ?? (await findContradiction(database)) ?? (await findUnbalanced(database));
  return { ...chain, fault };
}

async function verifyChain(database: Database): Promise<Verification> {
  let seen: Omit<Verification, 'fault'> = { seals: 0, rows: 0, sealedUntil: null, head: GENESIS };
  let reached: bigint | null = null;
  for (;;) {
    const [seal] = await database.query<StoredSeal>(NEXT, [seen.seals]);
    if (!seal) return { ...seen, fault: null };
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
    reached = toAt;
    seen = {
      seals: seen.seals + 1,
      rows: seen.rows + countLeaves(seal.leaves),
      sealedUntil: seal.until,
      head: seal.hash,
    };
  }
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
