import { readWholeNumber } from '../readers/integer.js';

/** A quality has at most three digits behind the point. */
const MAX_QUALITY = 1_000;
const QUALITY = /^q=([01])(?:\.(\d{0,3}))?$/;

/**
 * Which of `types` the caller likes best (RFC 9110, `Accept`); the first one when it does not say, or likes several as
 * much; null when it takes none of them.
 */
export function preferredType<const Type extends string>(accept = '*/*', types: readonly Type[]): Type | null {
  const wishes = accept.split(',').map(readWish);
  let best: { type: Type; quality: number } | null = null;
  for (const type of types) {
    const quality = qualityOf(type, wishes);
    if (quality > (best?.quality ?? 0)) best = { type, quality };
  }
  return best?.type ?? null;
}

interface Wish {
  readonly range: string;
  /** In thousandths. */
  readonly quality: number;
}

function readWish(text: string): Wish {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.flatMap((parameter) => readQuality(parameter) ?? []).at(0);
  return { range, quality: quality ?? MAX_QUALITY };
}

function readQuality(parameter: string): number | null {
  const [, whole, fraction = ''] = QUALITY.exec(parameter) ?? [];
  return whole === undefined ? null : readWholeNumber(whole + fraction.padEnd(3, '0'), MAX_QUALITY);
}

/** The most specific range that matches decides. */
function qualityOf(type: string, wishes: readonly Wish[]): number {
  for (const range of [type, `${type.split('/')[0]}/*`, '*/*']) {
    const wish = wishes.find((one) => one.range === range);
    if (wish) return wish.quality;
  }
  return 0;
}
