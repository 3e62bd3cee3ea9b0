/**
 * Who asks for a permit, those with more right to it first. `token`: nothing goes without a login; `operator`: a person
 * looks after things; `status`: what people need to see how things are; `interactive`: somebody waits for the answer;
 * `alone`: so too, but it could go together with others; `aged`: has waited long; `background`: nobody waits.
 */
export const PRIORITIES = ['token', 'operator', 'status', 'interactive', 'alone', 'aged', 'background'] as const;
export type Priority = (typeof PRIORITIES)[number];

/**
 * So many permits a lane leaves for those before it. Whoever waits for an answer leaves two in a hundred: one for a login,
 * one that operators and status queries share; so nearly all of the budget is of use. Of a window a status query has that
 * one once, and beyond it only what nobody who acts asks for.
 */
const LEAVES: Readonly<Record<Exclude<Priority, 'alone'>, number>> = {
  token: 0,
  operator: 1,
  status: 1,
  interactive: 2,
  aged: 2,
  background: 3,
};
/** The part of the budget that those who could go together leave for going together. */
const ALONE_LEAVES = 0.2;

/** How many permits may be in use after one more has gone to that lane. A small budget cannot spare as many. */
export function ceilingOf(lane: Priority, limit: number): number {
  if (lane === 'alone') return Math.min(limit - Math.floor(limit * ALONE_LEAVES), ceilingOf('interactive', limit));
  return limit - Math.min(LEAVES[lane], Math.floor(limit / 10));
}

/**
 * Who takes turns: as long as somebody has waited long, newcomers get every second permit and no more. Reads yield to
 * writes.
 */
export function turnOf(lane: Priority): 'new' | 'old' | 'read' | '' {
  if (lane === 'interactive' || lane === 'alone') return 'new';
  if (lane === 'status') return 'read';
  return lane === 'aged' ? 'old' : '';
}

/** What is kept for those who matter more than any operation. */
export function reservedOf(limit: number): number {
  return limit - ceilingOf('interactive', limit);
}
