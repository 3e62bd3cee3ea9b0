import type { Sibling } from '../../ledger/reads/siblings.js';

/** The parts of a resource that a change sets; `all`: the whole resource. */
export type Parts = 'all' | ReadonlySet<string>;

/** Another change to the same resource. */
export type OtherChange = Pick<Sibling, 'status' | 'attempts' | 'attemptOpen' | 'parked' | 'isLater'> & {
  readonly parts: Parts;
};

/** The change that is about to be sent. `attempts` includes the attempt that has just begun. */
export interface OwnChange {
  readonly parts: Parts;
  readonly attempts: number;
}

/**
 * Whether a change may be sent now. Its attempt is committed before this check. Of two changes that are about to be sent,
 * at least one therefore sees the other, in any process: two are never in progress at the same time.
 */
export function turnOf(own: OwnChange, others: readonly OtherChange[]): 'go' | 'wait' | 'superseded' {
  const touching = others.filter(({ parts }) => overlap(parts, own.parts));
  const isOverwritten = touching.some(({ status, isLater }) => isLater && status === 'succeeded');
  // A change of the whole resource ends it: no later change supersedes that.
  if (isOverwritten && own.parts !== 'all') return 'superseded';
  const open = others.filter(({ status }) => status === 'pending');
  if (open.some(({ attemptOpen }) => attemptOpen)) return 'wait';
  // A later change may have been executed already: its outcome decides about this one.
  const isOvertaken = touching.some(
    (one) => one.isLater && one.status === 'pending' && one.attempts > 0 && !one.parked,
  );
  if (isOvertaken) return 'wait';
  // A change that was sent before does not wait for one that was not: the provider may know it already.
  if (own.attempts > 1) return 'go';
  const isBehind = open.some((one) => !one.isLater && !one.parked && !covers(own.parts, one.parts));
  return isBehind ? 'wait' : 'go';
}

function overlap(one: Parts, other: Parts): boolean {
  return one === 'all' || other === 'all' || [...one].some((part) => other.has(part));
}

/** Whether `one` overwrites every part that `other` sets. */
function covers(one: Parts, other: Parts): boolean {
  if (other === 'all') return false;
  return one === 'all' || [...other].every((part) => one.has(part));
}
