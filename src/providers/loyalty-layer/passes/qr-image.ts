import { toBuffer, toString } from 'qrcode';
import { preferredType } from '../../../api/accept.js';
import { Problem } from '../../../common/problem.js';

/** The image types of a QR code. */
export const QR_TYPES = ['image/svg+xml', 'image/png'] as const;
export type QrType = (typeof QR_TYPES)[number];

/** The quiet zone in modules (ISO/IEC 18004 requires four), and the width in pixels, large enough for scanners at gates. */
const MARGIN_MODULES = 4;
const WIDTH_PIXELS = 512;

/** 2,331 bytes fit into the largest code with error correction level M. */
const TOO_LONG =
  'The QR data of the pass does not fit into a QR code (at most 2,331 bytes). Read it as qrData of the pass.';

/** @throws Problem `qr_too_long` if the text does not fit into the largest QR code */
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

/** The type that the caller prefers; SVG without a preference, or if it accepts neither. */
export function preferredQrType(accept: string | undefined): QrType {
  return preferredType(accept, QR_TYPES) ?? 'image/svg+xml';
}
