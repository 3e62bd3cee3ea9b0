import type { Transaction } from '../../ledger/model/transaction.js';
import { Problem } from '../../common/problem.js';
import type { BreakClass } from './break-classes.js';
import type { ProviderRecord } from '../statements/matching/provider-record.js';

/** The amount that the provider executed, minus the amount in the ledger. @throws Problem when it is not known */
export function differenceOf(
  found: { readonly class: BreakClass; readonly providerRecord: ProviderRecord | null },
  { status, quantity, unit }: Transaction,
): bigint {
  const record = found.providerRecord;
  const noAmount = Problem.invalid('/resolution', 'must be a different one: this break has no amount to correct');
  if (quantity === null) throw noAmount;
  const line = record?.unit === unit && record.amount !== undefined ? BigInt(record.amount) : null;
  switch (found.class) {
    case 'missing_at_provider':
      if (status !== 'succeeded') throw noAmount;
      return -quantity;
    case 'duplicate_at_provider':
      if (line === null) throw noAmount;
      return line;
    case 'amount_mismatch':
      if (line === null || status !== 'succeeded' || line === quantity) throw noAmount;
      return line - quantity;
    case 'status_conflict':
      if (status === 'succeeded') return -quantity;
      return line ?? quantity;
    case 'reversal_at_provider':
      return -reversedOf(record, { status, quantity, unit }, noAmount);
    default:
      throw noAmount;
  }
}

/** The reversed amount: that of the line, or the full amount when the line has none. */
function reversedOf(
  record: ProviderRecord | null,
  { status, quantity, unit }: { readonly status: string; readonly quantity: bigint; readonly unit: string | null },
  noAmount: Problem,
): bigint {
  const isOtherUnit = record?.amount !== undefined && record.unit !== unit;
  const reversed = record?.amount === undefined ? quantity : BigInt(record.amount);
  if (status !== 'succeeded' || isOtherUnit || reversed > quantity) throw noAmount;
  return reversed;
}
