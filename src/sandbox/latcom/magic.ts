import { always, type MagicFault, once } from '../magic-inputs.js';

/** Numbers `5537 689 ccc`, all of them valid in Mexico. The README beside this file has the table of `ccc`. */
const MAGIC_NUMBER = /^5537689(\d{3})$/;

/** How the answer to an executed purchase contradicts itself or the request. */
export type Contradiction = 'approved-with-code-05' | 'refused-with-code-00' | 'another-id';

export interface Magic {
  readonly fault?: MagicFault;
  /** Refused with this response code; with `executes`, the purchase is executed nevertheless. */
  readonly decline?: { readonly status: number; readonly code?: string; readonly executes?: boolean };
  readonly contradiction?: Contradiction;
}

const SLOW_MS = 8000;
/** Longer than a client's default timeout of 45 s. */
const TOO_SLOW_MS = 50_000;

const MAGIC: Readonly<Record<string, Magic>> = {
  '200': { decline: { status: 200 } },
  '201': { contradiction: 'approved-with-code-05' },
  '202': { contradiction: 'refused-with-code-00' },
  '203': { contradiction: 'another-id' },
  '204': { fault: always('empty-204') },
  '307': { fault: always('redirect') },
  '400': { decline: { status: 400 } },
  '401': { fault: once('401') },
  '402': { decline: { status: 402 } },
  '403': { fault: always('html-403') },
  '429': { fault: once('429') },
  '500': { fault: always('status-500') },
  '501': { fault: always('status-500-after') },
  '502': { fault: always('status-502') },
  '503': { fault: always('status-503') },
  '504': { fault: always('status-504-after') },
  '600': { fault: always('html') },
  '601': { fault: always('drop-before') },
  '602': { fault: always('drop-after') },
  '603': { fault: always('hang') },
  '604': { fault: always('hang-after') },
  '605': { fault: always('delay', SLOW_MS) },
  '606': { fault: always('delay', TOO_SLOW_MS) },
  '607': { fault: always('truncated') },
  '608': { fault: always('drip') },
  '609': { fault: always('garbage') },
  '610': { fault: always('html-after') },
};

const DECLINES = new Set(['05', '12', '13', '14', '51', '83', '91', '96', '77']);

export function magicOf(phoneNumber: string): Magic {
  const digits = MAGIC_NUMBER.exec(phoneNumber)?.[1];
  if (digits === undefined) return {};
  const code = digits.slice(1);
  switch (DECLINES.has(code) ? digits[0] : undefined) {
    case '0':
      return { decline: { status: usualStatus(code), code } };
    case '1':
      return { decline: { status: 200, code } };
    case '2':
      return { decline: { status: usualStatus(code), code, executes: true } };
    default:
      return MAGIC[digits] ?? {};
  }
}

/** "HTTP Status Codes": 402 is an empty balance. The status of the other codes is assumed. */
function usualStatus(code: string): number {
  if (code === '51') return 402;
  return code === '91' || code === '96' ? 500 : 400;
}
