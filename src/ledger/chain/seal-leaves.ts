import { createHash } from 'node:crypto';
import type { QueryResultRow } from 'pg';

/** Events and entries as they are sealed, by their number in a leaf. */
export const LEAF_KINDS = ['event', 'hold', 'post', 'release'] as const;
export type LeafKind = (typeof LEAF_KINDS)[number];

/** A row of the ledger, reduced to its key and what it says. */
export interface Leaf {
  readonly transactionId: string;
  readonly seq: number;
  readonly kind: LeafKind;
  /** Half of the SHA-256 of the row. */
  readonly digest: Buffer;
}

export interface Sealed {
  readonly no: bigint;
  /** Microseconds since 1970. */
  readonly fromAt: bigint;
  readonly toAt: bigint;
  readonly leaves: Buffer;
}

const ID_BYTES = 16;
const SEQ_BYTES = 4;
const KIND_BYTES = 1;
const DIGEST_BYTES = 16;
const KEY_BYTES = ID_BYTES + SEQ_BYTES + KIND_BYTES;
const LEAF_BYTES = KEY_BYTES + DIGEST_BYTES;
const NUMBER_BYTES = 8;

/** What the first seal follows. */
export const GENESIS = Buffer.alloc(32);

/** The rows of [$1, $2) (microseconds since 1970) as leaves, one after the other, in the order of their bytes: by key. */
const LEAVES = `
with bounds as (
  select timestamptz 'epoch' + $1::bigint * interval '1 microsecond' as from_at,
    timestamptz 'epoch' + $2::bigint * interval '1 microsecond' as to_at
), leaves as (
  select uuid_send(transaction_id) || int4send(seq) || ${kindByte('event')} || ${halfOf('event_digest(e)')} as leaf
  from transaction_events e, bounds where e.at >= from_at and e.at < to_at
  union all
  select uuid_send(transaction_id) || int4send(seq)
    || case phase when 'hold' then ${kindByte('hold')} when 'post' then ${kindByte('post')}
      when 'release' then ${kindByte('release')} end
    || ${halfOf('entry_digest(e)')}
  from ledger_entries e, bounds where e.at >= from_at and e.at < to_at
)
select coalesce(string_agg(leaf, ''::bytea order by leaf), '') as leaves from leaves`;

/** Whoever runs statements: the pool, or a transaction. */
export interface Queries {
  query<Row extends QueryResultRow>(text: string, values: readonly unknown[]): Promise<Row[]>;
}

export async function readLeaves(queries: Queries, fromAt: bigint, toAt: bigint): Promise<Buffer> {
  const [row] = await queries.query<{ leaves: Buffer }>(LEAVES, [String(fromAt), String(toAt)]);
  return row?.leaves ?? Buffer.alloc(0);
}

function kindByte(kind: LeafKind): string {
  return `'\\x0${LEAF_KINDS.indexOf(kind)}'::bytea`;
}

function halfOf(digest: string): string {
  return `substring(${digest} for ${DIGEST_BYTES})`;
}

export function countLeaves(leaves: Buffer): number {
  return leaves.length / LEAF_BYTES;
}

/** The next link of the chain. */
export function linkHash(previous: Buffer, { no, fromAt, toAt, leaves }: Sealed): Buffer {
  const numbers = Buffer.alloc(3 * NUMBER_BYTES);
  numbers.writeBigInt64BE(no, 0);
  numbers.writeBigInt64BE(fromAt, NUMBER_BYTES);
  numbers.writeBigInt64BE(toAt, 2 * NUMBER_BYTES);
  return createHash('sha256').update(previous).update(numbers).update(leaves).digest();
}

export type Difference = 'changed' | 'missing' | 'added';

/** The first row that is not as it was sealed; null: all are. */
export function firstDifference(sealed: Buffer, found: Buffer): { difference: Difference; leaf: Leaf } | null {
  if (sealed.equals(found)) return null;
  for (let offset = 0; ; offset += LEAF_BYTES) {
    const was = sealed.subarray(offset, offset + LEAF_BYTES);
    const is = found.subarray(offset, offset + LEAF_BYTES);
    if (was.length === 0 && is.length === 0) return null;
    if (was.equals(is)) continue;
    const order = Buffer.compare(was.subarray(0, KEY_BYTES), is.subarray(0, KEY_BYTES));
    if (order === 0) return { difference: 'changed', leaf: unpack(is) };
    const isMissing = is.length === 0 || (was.length > 0 && order < 0);
    return isMissing ? { difference: 'missing', leaf: unpack(was) } : { difference: 'added', leaf: unpack(is) };
  }
}

function unpack(leaf: Buffer): Leaf {
  const hex = leaf.toString('hex', 0, ID_BYTES);
  return {
    transactionId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    seq: leaf.readInt32BE(ID_BYTES),
    kind: LEAF_KINDS[leaf.readUInt8(ID_BYTES + SEQ_BYTES)] ?? 'event',
    digest: leaf.subarray(KEY_BYTES),
  };
}
