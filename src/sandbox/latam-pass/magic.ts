import { always, type MagicFault, once } from '../magic-inputs.js';
import { REASONS } from './reasons.js';

/** The scripts for the notifications of an accrual: which ones are sent, and in which order. */
export const NOTICE_SCRIPTS = [
  'usual',
  'before-answer',
  'triple',
  'never',
  'odd-status',
  'processed-then-cancelled',
  'cancelled-then-processed',
  'orphan-first',
] as const;
export type NoticeScript = (typeof NOTICE_SCRIPTS)[number];

/** The effects that the last five digits `99ccc` of an ffn request. The README beside this file has the table. */
export interface Magic {
  readonly fault?: MagicFault;
  readonly notices?: NoticeScript;
  readonly reason?: number;
  readonly refuse?: boolean;
  readonly unknownMember?: boolean;
  readonly finalAfterMs?: number;
}

const MAGIC: Readonly<Record<string, Magic>> = {
  '400': { refuse: true },
  '401': { fault: once('401') },
  '403': { fault: once('html-403') },
  '404': { unknownMember: true },
  '429': { fault: once('429') },
  '500': { fault: once('status-500') },
  '502': { fault: once('status-502-after') },
  '503': { fault: always('status-503') },
  '504': { fault: once('status-504-after') },
  '301': { fault: once('drop-before') },
  '302': { fault: once('drop-after') },
  '303': { fault: once('hang') },
  '304': { fault: once('hang-after') },
  '305': { fault: once('truncated') },
  '306': { fault: once('drip') },
  '307': { fault: once('redirect') },
  '308': { fault: once('html') },
  '309': { fault: once('html-after') },
  '310': { fault: once('empty-204') },
  '311': { fault: always('drop-after') },
  '601': { notices: 'before-answer', finalAfterMs: 0 },
  '602': { notices: 'triple' },
  '603': { notices: 'never' },
  '604': { notices: 'odd-status' },
  '605': { notices: 'processed-then-cancelled' },
  '606': { notices: 'cancelled-then-processed' },
  '607': { notices: 'orphan-first' },
  '608': { finalAfterMs: 60_000 },
};

export function magicOf(ffn: string | undefined): Magic {
  const code = /99(\d{3})$/.exec(ffn ?? '')?.[1];
  if (code === undefined) return {};
  if (REASONS.some((reason) => String(reason.code) === code)) return { reason: Number(code) };
  return MAGIC[code] ?? {};
}
