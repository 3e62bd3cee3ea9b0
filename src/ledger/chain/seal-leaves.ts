import { createHash } from 'node:crypto';
import type { QueryResultRow } from 'pg';

/** The kinds of sealed rows. A leaf contains the index. */
const LEAF_KINDS = ['event', 'hold', 'post', 'release'] as const;
export type LeafKind = (typeof LEAF_KINDS)[number];

/** A row of the ledger, reduced to its key and a digest. */
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

/** The hash that precedes the first seal. */
export const GENESIS = Buffer.alloc(32);

/**
 * The rows of [$1, $2) (microseconds since 1970) as concatenated leaves, in byte order, which is the order of the keys.
 */
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

/** Runs statements, on the pool or in a transaction. */
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

/** The hash of the next link of the chain. */
export function linkHash(previous: Buffer, { no, fromAt, toAt, leaves }: Sealed): Buffer {
  const numbers = Buffer.alloc(3 * NUMBER_BYTES);
  numbers.writeBigInt64BE(no, 0);
  numbers.writeBigInt64BE(fromAt, NUMBER_BYTES);
  numbers.writeBigInt64BE(toAt, 2 * NUMBER_BYTES);
  return createHash('sha256').update(previous).update(numbers).update(leaves).digest();
}

export type Difference = 'changed' | 'missing' | 'added';

/** The first row that differs from its seal; null: none does. */
export function firstDifference(sealed: Buffer, found: Buffer): { difference: Difference; leaf: Leaf } | null {
  if (sealed.equals(found)) return null;
  for (let offset = 0; ; offset += LEAF_BYTES) {
    const sealedLeaf = sealed.subarray(offset, offset + LEAF_BYTES);
    const foundLeaf = found.subarray(offset, offset + LEAF_BYTES);
    if (sealedLeaf.length === 0 && foundLeaf.length === 0) return null;
    if (sealedLeaf.equals(foundLeaf)) continue;
    const order = Buffer.compare(sealedLeaf.subarray(0, KEY_BYTES), foundLeaf.subarray(0, KEY_BYTES));
    if (order === 0) return { difference: 'changed', leaf: unpack(foundLeaf) };
    const isMissing = foundLeaf.length === 0 || (sealedLeaf.length > 0 && order < 0);
    return isMissing
      ? { difference: 'missing', leaf: unpack(sealedLeaf) }
      : { difference: 'added', leaf: unpack(foundLeaf) };
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
