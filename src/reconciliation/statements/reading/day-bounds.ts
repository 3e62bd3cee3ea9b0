export interface DayCount {
  /** Days since 1970. */
  readonly day: number;
  readonly lines: number;
}

/** A range of days, both ends included. */
export interface DayRange {
  readonly first: number;
  readonly last: number;
}

/** `bulk`: the days that the file covers. `near`: the days that its lines may have; any other date counts as wrong. */
export interface DayBounds {
  /** null: no line has a plausible date. */
  readonly bulk: DayRange | null;
  readonly near: DayRange;
}

/** Maximum number of days without lines within a statement: a long holiday in a large file, a month in a small one. */
const MAX_GAP_DAYS = 7;
const MAX_GAP_DAYS_OF_SMALL_FILE = 31;
const FEW_LINES = 200;
/** Lines up to this number of days from the bulk are late or early lines; they do not extend the period. */
const MAX_DISTANCE_DAYS = 31;
/** A cluster with at least this share of the lines belongs to the period. */
const LARGE_SHARE = 0.1;

interface Cluster extends DayRange {
  readonly lines: number;
}

/**
 * Finds the days that a file covers. Days with small gaps form a cluster. The bulk is the cluster with the most lines
 * (of equal clusters the later one), extended by clusters near it that have a tenth of all lines. Days before `oldest`
 * are ignored, because a missing date is often written as the first day of a calendar. null: there are no lines.
 */
export function boundsOf(all: readonly DayCount[], oldest: number): DayBounds | null {
  if (all.length === 0) return null;
  const days = all.filter(({ day }) => day >= oldest);
  const total = days.reduce((sum, { lines }) => sum + lines, 0);
  const clusters = clustersOf(days, total < FEW_LINES ? MAX_GAP_DAYS_OF_SMALL_FILE : MAX_GAP_DAYS);
  const largest = clusters.reduce<Cluster | null>((most, one) => (most && most.lines > one.lines ? most : one), null);
  if (largest === null) return { bulk: null, near: { first: oldest, last: Infinity } };
  const later = clusters.filter((one) => one.first > largest.last);
  const earlier = clusters.filter((one) => one.last < largest.first).toReversed();
  const bulk = [...later, ...earlier].reduce<DayRange>(
    (range, one) =>
      gapOf(range, one) <= MAX_DISTANCE_DAYS && one.lines >= total * LARGE_SHARE ? join(range, one) : range,
    { first: largest.first, last: largest.last },
  );
  return {
    bulk,
    near: { first: Math.max(bulk.first - MAX_DISTANCE_DAYS - 1, oldest), last: bulk.last + MAX_DISTANCE_DAYS + 1 },
  };
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

/** The number of days without lines between two ranges. */
function gapOf(range: DayRange, one: DayRange): number {
  return Math.max(one.first - range.last, range.first - one.last) - 1;
}

function join(range: DayRange, one: DayRange): DayRange {
  return { first: Math.min(range.first, one.first), last: Math.max(range.last, one.last) };
}
