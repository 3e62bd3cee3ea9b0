import { toBuffer, toString } from 'qrcode';
import { preferredType } from '../../api/accept.js';

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

/** What the caller likes best; SVG when it does not say, or likes neither. */
export function preferredQrType(accept: string | undefined): QrType {
  return preferredType(accept, QR_TYPES) ?? 'image/svg+xml';
}
