const QUARTER_MS = 15 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
/** Limit of remembered offsets, one per quarter of an hour: more than three months. */
const MAX_REMEMBERED = 10_000;

/** The clock of an IANA time zone, for times without an offset. */
export class LocalClock {
  private readonly format: Intl.DateTimeFormat;
  private readonly offsets = new Map<number, number>();

  /** @throws RangeError when the zone does not exist */
  constructor(readonly timeZone: string) {
    this.format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /**
   * The instants, in order, at which the clock shows a local time. `localMs` is the local time as if it were UTC. There
   * is no instant when the clock is set forward over that time, and there are two when it is set back.
   */
  instantsOf(localMs: number): number[] {
    const offsets = [this.offsetAt(localMs - DAY_MS), this.offsetAt(localMs + DAY_MS)];
    const instants = [...new Set(offsets)].map((offset) => localMs - offset);
    return instants.filter((at) => this.offsetAt(at) === localMs - at).toSorted((one, other) => one - other);
  }

  /** The start of the local day that contains the instant. */
  startOfDay(at: number): number {
    const local = at + this.offsetAt(at);
    return this.startOfLocalDay(local - modulo(local, DAY_MS));
  }

  /** The start of the local day. If the clock skips midnight, this is the first time after the gap. */
  startOfLocalDay(localMidnightMs: number): number {
    return this.instantsOf(localMidnightMs)[0] ?? localMidnightMs - this.offsetAt(localMidnightMs - DAY_MS);
  }

  private offsetAt(at: number): number {
    const quarter = Math.floor(at / QUARTER_MS);
    const known = this.offsets.get(quarter);
    if (known !== undefined) return known;
    const offset = this.localOf(quarter * QUARTER_MS) - quarter * QUARTER_MS;
    if (this.offsets.size >= MAX_REMEMBERED) this.offsets.clear();
    this.offsets.set(quarter, offset);
    return offset;
  }

  private localOf(at: number): number {
    const parts = new Map(this.format.formatToParts(at).map(({ type, value }) => [type, value]));
    const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type) ?? 0);
    const year = parts.get('era') === 'BC' ? 1 - number('year') : number('year');
    const local = new Date(0);
    local.setUTCFullYear(year, number('month') - 1, number('day'));
    local.setUTCHours(number('hour'), number('minute'), number('second'));
    return local.getTime();
  }
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
