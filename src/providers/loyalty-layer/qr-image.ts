import { toBuffer, toString } from 'qrcode';

/** What a pass's QR code can be drawn as. */
export const QR_TYPES = ['image/svg+xml', 'image/png'] as const;
export type QrType = (typeof QR_TYPES)[number];

/** Quiet zone in modules (ISO/IEC 18004 asks for four), and size in pixels: large enough for every scanner at a gate. */
const MARGIN_MODULES = 4;
const WIDTH_PIXELS = 512;

export async function drawQr(text: string, type: QrType): Promise<string | Buffer> {
  const options = { margin: MARGIN_MODULES, width: WIDTH_PIXELS, errorCorrectionLevel: 'M' } as const;
  return type === 'image/png'
    ? toBuffer(text, { ...options, type: 'png' })
    : toString(text, { ...options, type: 'svg' });
}

/** What the caller likes best (RFC 9110, `Accept`); SVG when it does not say, or likes neither. */
export function preferredQrType(accept = '*/*'): QrType {
  const wishes = accept.split(',').map(readWish);
  const [best] = QR_TYPES.map((type) => ({ type, quality: qualityOf(type, wishes) })).sort(
    (a, b) => b.quality - a.quality,
  );
  return best?.type ?? 'image/svg+xml';
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
function qualityOf(type: QrType, wishes: readonly Wish[]): number {
  for (const range of [type, 'image/*', '*/*']) {
    const wish = wishes.find((one) => one.range === range);
    if (wish) return wish.quality;
  }
  return 0;
}
