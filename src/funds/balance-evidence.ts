import { Decimal } from 'decimal.js';

/* Decides from a series of balances whether an `unknown` purchase was executed. Pure functions. */

/** A reported balance. It includes every purchase executed before `begunAt`, and none that began after `at`. */
export interface ObservedBalance {
  readonly begunAt: Date;
  readonly at: Date;
  /** An exact decimal. */
  readonly balance: string;
  readonly transactionId: string | null;
}

/** A purchase that was or may have been executed between `from` and `to`. */
export interface Purchase {
  readonly id: string;
  /** A whole number in the smallest unit, e.g. cents. */
  readonly amount: string;
  readonly isUnknown: boolean;
  readonly from: Date;
  readonly to: Date;
}

export interface Series {
  /** In order of time. */
  readonly balances: readonly ObservedBalance[];
  readonly purchases: readonly Purchase[];
  /** Recent rates: the amount that one unit of the balance bought, in the smallest unit of the purchases. */
  readonly rates: readonly string[];
}

export type EvidenceVerdict = 'proven_delivered' | 'proven_not_delivered' | 'indeterminate';

export interface Finding {
  readonly verdict: EvidenceVerdict;
  readonly reasons: readonly string[];
  readonly before: ObservedBalance | null;
  readonly after: ObservedBalance | null;
}

/** The rate may change by this fraction between two balances. */
const RATE_DRIFT = 0.02;
/** If the rates differ by more than this factor, another system probably spends from the balance too. */
const MAX_RATE_SPREAD = 1.05;
const ROUNDING = 0.01;
const MAX_UNKNOWN = 12;

/** `indeterminate` unless exactly one subset of the unknown purchases explains the fall of the balance. */
export function weighEvidence(subject: Purchase, { balances, purchases, rates }: Series): Finding {
  const before = balances.findLast((seen) => seen.at <= subject.from) ?? null;
  const after = balances.find((seen) => seen.begunAt >= subject.to) ?? null;
  const indeterminate = (reason: string): Finding => ({ verdict: 'indeterminate', reasons: [reason], before, after });
  if (!before) return indeterminate('No balance was observed before the purchase was sent.');
  if (!after) return indeterminate("No balance has been observed since the purchase's deadline.");
  if (rates.length === 0) return indeterminate('No rate has been observed.');
  const lowest = Decimal.min(...rates);
  const highest = Decimal.max(...rates);
  if (highest.greaterThan(lowest.times(MAX_RATE_SPREAD)))
    return indeterminate('The observed exchange rates differ too much: other systems may spend from this balance.');
  const between = purchases.filter((one) => !isOutside(one, before, after));
  if (between.some((one) => one.from < before.at || (one.to > after.begunAt && one.id !== after.transactionId))) {
    return indeterminate('Another purchase was in progress when a balance was observed.');
  }
  const unknown = between.filter((one) => one.isUnknown);
  if (unknown.length > MAX_UNKNOWN) return indeterminate('Too many purchases are unknown between the two balances.');
  const known = between.filter((one) => !one.isUnknown);
  const fall = new Decimal(before.balance).minus(after.balance);
  const explains = (set: readonly Purchase[]): boolean => {
    const all = [...known, ...set];
    const amount = all.reduce((sum, one) => sum.plus(one.amount), new Decimal(0));
    const slack = new Decimal(ROUNDING).times(all.length + 1);
    const least = amount.dividedBy(highest.times(1 + RATE_DRIFT)).minus(slack);
    const most = amount.dividedBy(lowest.times(1 - RATE_DRIFT)).plus(slack);
    return fall.greaterThanOrEqualTo(least) && fall.lessThanOrEqualTo(most);
  };
  const sets = subsets(unknown).filter(explains);
  const [only] = sets;
  if (!only) return indeterminate('No combination of the unknown purchases explains the change of the balance.');
  if (sets.length > 1)
    return indeterminate('Several combinations of the unknown purchases explain the change of the balance.');
  const delivered = only.some((one) => one.id === subject.id);
  return {
    verdict: delivered ? 'proven_delivered' : 'proven_not_delivered',
    reasons: [
      `Between the two balances ${known.length} known and ${unknown.length} unknown purchases may have been executed.`,
      `At the observed rate, the fall of the balance fits only ${delivered ? 'with' : 'without'} this purchase.`,
      'This holds if no other system spends from the balance.',
    ],
    before,
    after,
  };
}

function isOutside(one: Purchase, before: ObservedBalance, after: ObservedBalance): boolean {
  return one.to <= before.begunAt || one.id === before.transactionId || one.from >= after.at;
}

function subsets<T>(items: readonly T[]): T[][] {
  return Array.from({ length: 2 ** items.length }, (_none, mask) =>
    items.filter((_item, bit) => (mask & (1 << bit)) !== 0),
  );
}
