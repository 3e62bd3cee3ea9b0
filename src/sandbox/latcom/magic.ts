import { always, once, type Trick } from '../magic-inputs.js';

/** Numbers `5537 689 ccc`, all of which are valid in Mexico; the README has the table of `ccc`. */
const MAGIC_NUMBER = /^5537689(\d{3})$/;

/** The answer that contradicts itself or the request, after the purchase was executed. */
export type Lie = 'approved-with-code-05' | 'refused-with-code-00' | 'another-id';

export interface Magic {
  readonly trick?: Trick;
  /** Refused with this response code; with `executes`, although the purchase happened. */
  readonly decline?: { readonly status: number; readonly code?: string; readonly executes?: boolean };
  readonly lie?: Lie;
}

const SLOW_MS = 8000;
/** Longer than the 45 s that a patient client waits. */
const TOO_SLOW_MS = 50_000;

const MAGIC: Readonly<Record<string, Magic>> = {
  '200': { decline: { status: 200 } },
  '201': { lie: 'approved-with-code-05' },
  '202': { lie: 'refused-with-code-00' },
  '203': { lie: 'another-id' },
  '204': { trick: always('empty-204') },
  '307': { trick: always('redirect') },
  '400': { decline: { status: 400 } },
  '401': { trick: once('401') },
  '402': { decline: { status: 402 } },
  '403': { trick: always('html-403') },
  '429': { trick: once('429') },
  '500': { trick: always('status-500') },
  '501': { trick: always('status-500-after') },
  '502': { trick: always('status-502') },
  '503': { trick: always('status-503') },
  '504': { trick: always('status-504-after') },
  '600': { trick: always('html') },
  '601': { trick: always('drop-before') },
  '602': { trick: always('drop-after') },
  '603': { trick: always('hang') },
  '604': { trick: always('hang-after') },
  '605': { trick: always('delay', SLOW_MS) },
  '606': { trick: always('delay', TOO_SLOW_MS) },
  '607': { trick: always('truncated') },
  '608': { trick: always('drip') },
  '609': { trick: always('garbage') },
  '610': { trick: always('html-after') },
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

/** "HTTP Status Codes": 402 for an empty balance; which of the others goes with which code is assumed. */
function usualStatus(code: string): number {
  if (code === '51') return 402;
  return code === '91' || code === '96' ? 500 : 400;
}
