import { always, once, type Trick } from '../magic-inputs.js';
import { REASONS } from './reasons.js';

/** How the notifications of an accrual go. */
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

/** What the last five digits `99ccc` of an ffn ask for; the README has the table. */
export interface Magic {
  readonly trick?: Trick;
  readonly notices?: NoticeScript;
  readonly reason?: number;
  readonly refuse?: boolean;
  readonly unknownMember?: boolean;
  readonly finalAfterMs?: number;
}

const MAGIC: Readonly<Record<string, Magic>> = {
  '400': { refuse: true },
  '401': { trick: once('401') },
  '403': { trick: once('html-403') },
  '404': { unknownMember: true },
  '429': { trick: once('429') },
  '500': { trick: once('status-500') },
  '502': { trick: once('status-502-after') },
  '503': { trick: always('status-503') },
  '504': { trick: once('status-504-after') },
  '301': { trick: once('drop-before') },
  '302': { trick: once('drop-after') },
  '303': { trick: once('hang') },
  '304': { trick: once('hang-after') },
  '305': { trick: once('truncated') },
  '306': { trick: once('drip') },
  '307': { trick: once('redirect') },
  '308': { trick: once('html') },
  '309': { trick: once('html-after') },
  '310': { trick: once('empty-204') },
  '311': { trick: always('drop-after') },
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
