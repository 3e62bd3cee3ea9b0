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
  readonly quality: number;
}

function readWish(text: string): Wish {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.flatMap((parameter) => /^q=([01](?:\.\d{0,3})?)$/.exec(parameter)?.[1] ?? []).at(0);
  return { range, quality: quality === undefined ? 1 : Number(quality) };
}

/** The most specific range that matches decides. */
function qualityOf(type: string, wishes: readonly Wish[]): number {
  for (const range of [type, `${type.split('/')[0]}/*`, '*/*']) {
    const wish = wishes.find((one) => one.range === range);
    if (wish) return wish.quality;
  }
  return 0;
}
