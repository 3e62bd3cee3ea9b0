import { readWholeNumber } from '../readers/integer.js';

/** A quality of 1 in thousandths: a quality value has at most three decimal places. */
const MAX_QUALITY = 1_000;
const QUALITY = /^q=([01])(?:\.(\d{0,3}))?$/;

/**
 * Returns the one of `types` that the caller prefers (RFC 9110, `Accept`). Without the header, or for equal
 * preferences, this is the first of them. null: the caller accepts none of them.
 */
export function preferredType<const Type extends string>(accept = '*/*', types: readonly Type[]): Type | null {
  const ranges = accept.split(',').map(readRange);
  let best: { type: Type; quality: number } | null = null;
  for (const type of types) {
    const quality = qualityOf(type, ranges);
    if (quality > (best?.quality ?? 0)) best = { type, quality };
  }
  return best?.type ?? null;
}

interface AcceptedRange {
  readonly range: string;
  /** In thousandths. */
  readonly quality: number;
}

function readRange(text: string): AcceptedRange {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.flatMap((parameter) => readQuality(parameter) ?? []).at(0);
  return { range, quality: quality ?? MAX_QUALITY };
}

function readQuality(parameter: string): number | null {
  const [, whole, fraction = ''] = QUALITY.exec(parameter) ?? [];
  return whole === undefined ? null : readWholeNumber(whole + fraction.padEnd(3, '0'), MAX_QUALITY);
}

/** The most specific range that matches decides. */
function qualityOf(type: string, ranges: readonly AcceptedRange[]): number {
  for (const range of [type, `${type.split('/')[0]}/*`, '*/*']) {
    const accepted = ranges.find((one) => one.range === range);
    if (accepted) return accepted.quality;
  }
  return 0;
}
