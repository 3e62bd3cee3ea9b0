import { toBuffer, toString } from 'qrcode';
import { preferredType } from '../../../api/accept.js';
import { Problem } from '../../../common/problem.js';

/** What a pass's QR code can be drawn as. */
export const QR_TYPES = ['image/svg+xml', 'image/png'] as const;
export type QrType = (typeof QR_TYPES)[number];

/** Quiet zone in modules (ISO/IEC 18004 asks for four), and size in pixels: large enough for every scanner at a gate. */
const MARGIN_MODULES = 4;
const WIDTH_PIXELS = 512;

/** What the largest code holds at this level of error correction. */
const TOO_LONG =
  'The QR data of the pass does not fit into a QR code (at most 2,331 bytes). It can be read as qrData of the pass.';

/** @throws Problem `qr_too_long`: the text does not fit into any QR code */
export async function drawQr(text: string, type: QrType): Promise<string | Buffer> {
  const options = { margin: MARGIN_MODULES, width: WIDTH_PIXELS, errorCorrectionLevel: 'M' } as const;
  try {
    return await (type === 'image/png'
      ? toBuffer(text, { ...options, type: 'png' })
      : toString(text, { ...options, type: 'svg' }));
  } catch (error) {
    throw isTooLong(error) ? new Problem('qr_too_long', TOO_LONG, { cause: error }) : error;
  }
}

function isTooLong(error: unknown): boolean {
  return error instanceof Error && error.message.includes('too big to be stored in a QR Code');
}

/** What the caller likes best; SVG when it does not say, or likes neither. */
export function preferredQrType(accept: string | undefined): QrType {
  return preferredType(accept, QR_TYPES) ?? 'image/svg+xml';
}
