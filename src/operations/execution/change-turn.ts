import type { Sibling } from '../../ledger/reads/siblings.js';

/** The parts of a resource that a change sets; `all`: nothing of it stays as it was. */
export type Parts = 'all' | ReadonlySet<string>;

/** Another change to the same resource. */
export type OtherChange = Pick<Sibling, 'status' | 'attempts' | 'attemptOpen' | 'parked' | 'isLater'> & {
  readonly parts: Parts;
};

/** `attempts` counts the one that has just begun. */
export interface OwnChange {
  readonly parts: Parts;
  readonly attempts: number;
}

/**
 * Whether a change may be sent now. Its attempt is committed before this is asked, so of two changes that are about to be
 * sent at least one sees the other, in whatever process: never are two in flight.
 */
export function turnOf(own: OwnChange, others: readonly OtherChange[]): 'go' | 'wait' | 'superseded' {
  const touching = others.filter(({ parts }) => overlap(parts, own.parts));
  const isOverwritten = touching.some(({ status, isLater }) => isLater && status === 'succeeded');
  // What sets all of a resource ends it: nothing that came later stands against that.
  if (isOverwritten && own.parts !== 'all') return 'superseded';
  const open = others.filter(({ status }) => status === 'pending');
  if (open.some(({ attemptOpen }) => attemptOpen)) return 'wait';
  // A newer one may have been executed already: how it ends decides about this one.
  const isOvertaken = touching.some(
    (one) => one.isLater && one.status === 'pending' && one.attempts > 0 && !one.parked,
  );
  if (isOvertaken) return 'wait';
  // What has left once does not wait for what has not: the provider may know it already.
  if (own.attempts > 1) return 'go';
  const isBehind = open.some((one) => !one.isLater && !one.parked && !covers(own.parts, one.parts));
  return isBehind ? 'wait' : 'go';
}

function overlap(one: Parts, other: Parts): boolean {
  return one === 'all' || other === 'all' || [...one].some((part) => other.has(part));
}

/** Whether nothing of `other` can be seen any more once `one` has been executed. */
function covers(one: Parts, other: Parts): boolean {
  if (other === 'all') return false;
  return one === 'all' || [...other].every((part) => one.has(part));
}
