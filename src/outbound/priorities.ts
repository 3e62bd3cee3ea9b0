/**
 * Priorities of permit requests, highest first. `token`: a login, which all calls need. `operator`: an operator's
 * request. `status`: a status query. `interactive`: a caller waits for the response. `alone`: a caller waits, but the
 * operation could be sent in a batch. `aged`: queued work that has waited a long time. `background`: no caller waits.
 */
export const PRIORITIES = ['token', 'operator', 'status', 'interactive', 'alone', 'aged', 'background'] as const;
export type Priority = (typeof PRIORITIES)[number];

/**
 * The number of permits that a priority leaves for higher ones. `interactive` leaves two: one for a login, and one for
 * operators and status queries, so that nearly the whole limit is usable. Status queries get that shared permit once
 * per window; otherwise they leave two further permits to all other requests (see `take_quota`).
 */
const LEFT_PERMITS: Readonly<Record<Exclude<Priority, 'alone'>, number>> = {
  token: 0,
  operator: 1,
  status: 1,
  interactive: 2,
  aged: 2,
  background: 3,
};
/** The share of the limit that `alone` leaves for batches. */
const SHARE_LEFT_BY_ALONE = 0.2;

/** The maximum number of used permits, including one more for this priority. Small limits leave fewer permits. */
export function ceilingOf(priority: Priority, limit: number): number {
  if (priority === 'alone')
    return Math.min(limit - Math.floor(limit * SHARE_LEFT_BY_ALONE), ceilingOf('interactive', limit));
  return limit - Math.min(LEFT_PERMITS[priority], Math.floor(limit / 10));
}

/**
 * The kind of turn for `take_quota`: while aged work waits, new requests get only every other permit. Status queries
 * yield to other requests.
 */
export function turnOf(priority: Priority): 'new' | 'old' | 'read' | '' {
  if (priority === 'interactive' || priority === 'alone') return 'new';
  if (priority === 'status') return 'read';
  return priority === 'aged' ? 'old' : '';
}

/** The number of permits reserved for logins, operators and status queries. */
export function reservedOf(limit: number): number {
  return limit - ceilingOf('interactive', limit);
}
