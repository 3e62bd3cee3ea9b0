/** The number of requests that a provider allows in any window of a given length. */
export interface QuotaRule {
  /** The scope of the quota, e.g. an egress address. */
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

/** The slots in which the permits of a window are counted. */
export interface Grid {
  readonly slotMs: number;
  /** The slots of a window plus one, because the current slot is incomplete. */
  readonly slots: number;
  readonly marginSlots: number;
}

/** The number of slots of a window. A slot counts until its end has left the window. */
const SLOTS = 240;
const FINE_SLOTS = 1_200;
/** Up to this limit every permit gets its own statement, so that it is counted exactly. */
const TIGHT_LIMIT = 1_000;
/**
 * The longest time between the grant of a permit and the arrival of its request; the provider counts arrivals. In a
 * tight quota the permit is counted again at the time of the answer, because the request arrived before that.
 */
const ARRIVAL_MARGIN_MS = 2_000;

/** True when the limit is so small that every permit counts. */
export function isTight({ limit }: QuotaRule): boolean {
  return limit <= TIGHT_LIMIT;
}

export function gridOf(rule: QuotaRule): Grid {
  const { windowMs } = rule;
  const slotMs = Math.max(Math.floor(windowMs / (isTight(rule) ? FINE_SLOTS : SLOTS)), 1);
  return {
    slotMs,
    slots: Math.ceil(windowMs / slotMs) + 1,
    marginSlots: Math.ceil(ARRIVAL_MARGIN_MS / slotMs),
  };
}
