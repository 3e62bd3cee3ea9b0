import type { Transaction } from '../../ledger/model/transaction.js';
import { Problem } from '../../common/problem.js';
import type { BreakClass } from './break-classes.js';
import type { ProviderRecord } from '../statements/matching/provider-record.js';

/** By how much the provider did more than the ledger has (negative: less). @throws Problem where that is not known */
export function differenceOf(
  one: { readonly class: BreakClass; readonly providerRecord: ProviderRecord | null },
  { status, quantity, unit }: Transaction,
): bigint {
  const record = one.providerRecord;
  const unfit = Problem.invalid('/resolution', 'must be a different one: this break has no amount to correct');
  if (quantity === null) throw unfit;
  const line = record?.unit === unit && record.amount !== undefined ? BigInt(record.amount) : null;
  switch (one.class) {
    case 'missing_at_provider':
      if (status !== 'succeeded') throw unfit;
      return -quantity;
    case 'duplicate_at_provider':
      if (line === null) throw unfit;
      return line;
    case 'amount_mismatch':
      if (line === null || status !== 'succeeded' || line === quantity) throw unfit;
      return line - quantity;
    case 'status_conflict':
      if (status === 'succeeded') return -quantity;
      return line ?? quantity;
    case 'reversal_at_provider':
      return -reversedOf(record, { status, quantity, unit }, unfit);
    default:
      throw unfit;
  }
}

/** What a reversal takes back: the amount of its line, or all where the line has none. */
function reversedOf(
  record: ProviderRecord | null,
  { status, quantity, unit }: { readonly status: string; readonly quantity: bigint; readonly unit: string | null },
  unfit: Problem,
): bigint {
  const isOther = record?.amount !== undefined && record.unit !== unit;
  const reversed = record?.amount === undefined ? quantity : BigInt(record.amount);
  if (status !== 'succeeded' || isOther || reversed > quantity) throw unfit;
  return reversed;
}
