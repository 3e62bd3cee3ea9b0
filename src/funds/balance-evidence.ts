import { Decimal } from 'decimal.js';

/* What a balance series proves of a purchase whose end nobody knows. Pure. */

/** A balance as it was told: in it is what was executed before `begunAt`, not in it what began after `at`. */
export interface Look {
  readonly begunAt: Date;
  readonly at: Date;
  /** An exact decimal. */
  readonly balance: string;
  readonly transactionId: string | null;
}

/** A purchase that was executed, or may have been, between `from` and `to`. */
export interface Purchase {
  readonly id: string;
  /** Whole, in the smallest part of the unit. */
  readonly amount: string;
  readonly isUnknown: boolean;
  readonly from: Date;
  readonly to: Date;
}

export interface Series {
  /** In the order of time. */
  readonly looks: readonly Look[];
  readonly purchases: readonly Purchase[];
  /** What one unit of the balance bought lately, in the purchases' smallest part. */
  readonly rates: readonly string[];
}

export type EvidenceVerdict = 'proven_delivered' | 'proven_not_delivered' | 'indeterminate';

export interface Finding {
  readonly verdict: EvidenceVerdict;
  readonly reasons: readonly string[];
  readonly before: Look | null;
  readonly after: Look | null;
}

/** The rate moves between two looks. */
const RATE_DRIFT = 0.02;
/** Rates further apart than this were not made by our purchases alone. */
const MAX_RATE_SPREAD = 1.05;
const ROUNDING = 0.01;
const MAX_UNKNOWN = 12;

/** `indeterminate` unless exactly one set of the unknown purchases explains by how much the balance fell. */
export function judge(subject: Purchase, { looks, purchases, rates }: Series): Finding {
  const before = looks.findLast((look) => look.at <= subject.from) ?? null;
  const after = looks.find((look) => look.begunAt >= subject.to) ?? null;
  const open = (reason: string): Finding => ({ verdict: 'indeterminate', reasons: [reason], before, after });
  if (!before) return open('No balance was observed before the purchase was sent.');
  if (!after) return open("No balance has been observed since the purchase's deadline.");
  if (rates.length === 0) return open('No rate has been observed.');
  const lowest = Decimal.min(...rates);
  const highest = Decimal.max(...rates);
  if (highest.greaterThan(lowest.times(MAX_RATE_SPREAD)))
    return open('The observed exchange rates differ too much: other systems may spend from this balance.');
  const between = purchases.filter((one) => !isOutside(one, before, after));
  if (between.some((one) => one.from < before.at || (one.to > after.begunAt && one.id !== after.transactionId))) {
    return open('Another purchase was in progress when a balance was observed.');
  }
  const unknown = between.filter((one) => one.isUnknown);
  if (unknown.length > MAX_UNKNOWN) return open('Too many purchases are unknown between the two balances.');
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
  if (!only) return open('No combination of the unknown purchases explains the change of the balance.');
  if (sets.length > 1) return open('Several combinations of the unknown purchases explain the change of the balance.');
  const delivered = only.some((one) => one.id === subject.id);
  return {
    verdict: delivered ? 'proven_delivered' : 'proven_not_delivered',
    reasons: [
      `Between the two balances ${known.length} known purchases and ${unknown.length} unknown ones may have been executed.`,
      `Only a fall ${delivered ? 'with' : 'without'} this one is what was observed, at the observed rate.`,
      'This holds if no other system spends from the balance.',
    ],
    before,
    after,
  };
}

function isOutside(one: Purchase, before: Look, after: Look): boolean {
  return one.to <= before.begunAt || one.id === before.transactionId || one.from >= after.at;
}

function subsets<T>(items: readonly T[]): T[][] {
  return Array.from({ length: 2 ** items.length }, (_none, mask) =>
    items.filter((_item, bit) => (mask & (1 << bit)) !== 0),
  );
}
