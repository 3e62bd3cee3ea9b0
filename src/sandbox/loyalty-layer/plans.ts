import { always, once, type Trick } from '../magic-inputs.js';
import { refusal } from './errors.js';

export interface Plan {
  readonly kind: 'lounge' | 'esim';
  /** Priority Pass plans: "determined by plan_id". */
  readonly needsEnrolToken: boolean;
  readonly magic: PlanMagic;
}

export type BatchShape = 'missing' | 'surplus' | 'reorder';

/** What the end of a plan id asks for; the README has the table. */
export interface PlanMagic {
  /** Of the whole call, a batch included. */
  readonly trick?: Trick;
  /** Of a batch only. */
  readonly batchTrick?: Trick;
  readonly batchShape?: BatchShape;
  /** An error with this status: of the whole call for one pass, of the item in a batch. */
  readonly error?: { readonly status: number; readonly executes: boolean };
  readonly withoutId?: boolean;
  readonly status?: string;
}

const KINDS = {
  'PP-LOUNGE': { kind: 'lounge', needsEnrolToken: true },
  'LOUNGE-BASIC': { kind: 'lounge', needsEnrolToken: false },
  'ESIM-MX-5GB': { kind: 'esim', needsEnrolToken: false },
} as const;

const SLOW_MS = 8000;

const MAGIC: Readonly<Record<string, PlanMagic>> = {
  '': {},
  '-400': { error: { status: 400, executes: false } },
  '-500': { error: { status: 500, executes: false } },
  '-502': { error: { status: 502, executes: false } },
  '-504': { error: { status: 504, executes: false } },
  '-500-AFTER': { error: { status: 500, executes: true } },
  '-502-AFTER': { error: { status: 502, executes: true } },
  '-504-AFTER': { error: { status: 504, executes: true } },
  '-429': { trick: once('429') },
  '-BADTOKEN': { trick: once('401') },
  '-DROP-BEFORE': { trick: always('drop-before') },
  '-DROP-AFTER': { trick: always('drop-after') },
  '-TIMEOUT-BEFORE': { trick: always('hang') },
  '-TIMEOUT-AFTER': { trick: always('hang-after') },
  '-SLOW': { trick: always('delay', SLOW_MS) },
  '-HTML': { trick: always('html') },
  '-HTML-AFTER': { trick: always('html-after') },
  '-REDIRECT': { trick: always('redirect') },
  '-TRUNCATED': { trick: always('truncated') },
  '-DRIP': { trick: always('drip') },
  '-GARBAGE': { trick: always('garbage') },
  '-NOID': { withoutId: true },
  '-PENDING': { status: 'pending' },
  '-EXPIRED': { status: 'expired' },
  '-ODD-STATUS': { status: 'suspended_by_issuer' },
  '-BATCH-MISSING': { batchShape: 'missing' },
  '-BATCH-SURPLUS': { batchShape: 'surplus' },
  '-BATCH-REORDER': { batchShape: 'reorder' },
  '-BATCH-TIMEOUT': { batchTrick: always('hang-after') },
  '-BATCH-DROP': { batchTrick: always('drop-after') },
  '-BATCH-504': { batchTrick: always('status-504-after') },
};

/** "Test edge cases like invalid plan_id (expect 400)." The error's name is assumed. */
export function planOf(planId: string): Plan {
  for (const [name, kind] of Object.entries(KINDS)) {
    if (!planId.startsWith(name)) continue;
    const magic = MAGIC[planId.slice(name.length)];
    if (magic) return { ...kind, magic };
  }
  throw refusal(400, 'invalid_plan_id', 'Provided plan_id is not mapped');
}
