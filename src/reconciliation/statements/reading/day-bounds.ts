export interface DayCount {
  /** Since 1970. */
  readonly day: number;
  readonly lines: number;
}

/** From one day to another, both included. */
export interface DayRange {
  readonly first: number;
  readonly last: number;
}

/** `bulk`: which days the file is about. `near`: which days its lines may have; one of another day has a wrong date. */
export interface DayBounds {
  /** null: no line has a date that can be. */
  readonly bulk: DayRange | null;
  readonly near: DayRange;
}

/** Days without lines inside of one statement: of a large one a long holiday, of a small one a month. */
const MAX_GAP = 7;
const MAX_GAP_OF_FEW = 31;
const FEW_LINES = 200;
/** Lines at most so many days from the bulk are late or early ones, which say nothing of the days between. */
const NEAR = 31;
/** A part of the lines that is no exception any more. */
const MANY = 0.1;

interface Cluster extends DayRange {
  readonly lines: number;
}

/**
 * The days of which a file speaks. Days belong together when they are not far from each other; what has the most lines is
 * the bulk (of two alike the later), with what is near it and has a tenth of the lines. No line is older than `oldest`: what has
 * no date is often written as the beginning of a calendar. null: there are no lines.
 */
export function boundsOf(all: readonly DayCount[], oldest: number): DayBounds | null {
  if (all.length === 0) return null;
  const days = all.filter(({ day }) => day >= oldest);
  const total = days.reduce((sum, { lines }) => sum + lines, 0);
  const clusters = clustersOf(days, total < FEW_LINES ? MAX_GAP_OF_FEW : MAX_GAP);
  const largest = clusters.reduce<Cluster | null>((most, one) => (most && most.lines > one.lines ? most : one), null);
  if (largest === null) return { bulk: null, near: { first: oldest, last: Infinity } };
  const later = clusters.filter((one) => one.first > largest.last);
  const earlier = clusters.filter((one) => one.last < largest.first).toReversed();
  const bulk = [...later, ...earlier].reduce<DayRange>(
    (range, one) => (gapOf(range, one) <= NEAR && one.lines >= total * MANY ? join(range, one) : range),
    { first: largest.first, last: largest.last },
  );
  return { bulk, near: { first: Math.max(bulk.first - NEAR - 1, oldest), last: bulk.last + NEAR + 1 } };
}

function clustersOf(days: readonly DayCount[], maxGap: number): Cluster[] {
  const clusters: Cluster[] = [];
  for (const { day, lines } of days) {
    const last = clusters.at(-1);
    if (last && day - last.last - 1 <= maxGap)
      clusters[clusters.length - 1] = { ...last, last: day, lines: last.lines + lines };
    else clusters.push({ first: day, last: day, lines });
  }
  return clusters;
}

/** Days between them that have no lines. */
function gapOf(range: DayRange, one: DayRange): number {
  return Math.max(one.first - range.last, range.first - one.last) - 1;
}

function join(range: DayRange, one: DayRange): DayRange {
  return { first: Math.min(range.first, one.first), last: Math.max(range.last, one.last) };
}
