import { always, type MagicFault, once } from '../magic-inputs.js';

export type BatchShape = 'missing' | 'surplus' | 'reorder';

/** The effects that the end of a plan id requests. The README beside this file has the table. */
export interface Magic {
  /** The fault of the whole call, also of a batch call. */
  readonly fault?: MagicFault;
  /** The fault of a batch call; other calls are not affected. */
  readonly batchFault?: MagicFault;
  readonly batchShape?: BatchShape;
  /** The error of the call for one pass, or of the item in a batch. */
  readonly error?: { readonly status: number; readonly executes: boolean };
  readonly withoutId?: boolean;
  readonly status?: string;
}

const SLOW_MS = 8000;

const MAGIC: Readonly<Record<string, Magic>> = {
  '': {},
  '-400': { error: { status: 400, executes: false } },
  '-500': { error: { status: 500, executes: false } },
  '-502': { error: { status: 502, executes: false } },
  '-504': { error: { status: 504, executes: false } },
  '-500-AFTER': { error: { status: 500, executes: true } },
  '-502-AFTER': { error: { status: 502, executes: true } },
  '-504-AFTER': { error: { status: 504, executes: true } },
  '-429': { fault: once('429') },
  '-BADTOKEN': { fault: once('401') },
  '-DROP-BEFORE': { fault: always('drop-before') },
  '-DROP-AFTER': { fault: always('drop-after') },
  '-TIMEOUT-BEFORE': { fault: always('hang') },
  '-TIMEOUT-AFTER': { fault: always('hang-after') },
  '-SLOW': { fault: always('delay', SLOW_MS) },
  '-HTML': { fault: always('html') },
  '-HTML-AFTER': { fault: always('html-after') },
  '-REDIRECT': { fault: always('redirect') },
  '-TRUNCATED': { fault: always('truncated') },
  '-DRIP': { fault: always('drip') },
  '-GARBAGE': { fault: always('garbage') },
  '-NOID': { withoutId: true },
  '-PENDING': { status: 'pending' },
  '-EXPIRED': { status: 'expired' },
  '-ODD-STATUS': { status: 'suspended_by_issuer' },
  '-BATCH-MISSING': { batchShape: 'missing' },
  '-BATCH-SURPLUS': { batchShape: 'surplus' },
  '-BATCH-REORDER': { batchShape: 'reorder' },
  '-BATCH-TIMEOUT': { batchFault: always('hang-after') },
  '-BATCH-DROP': { batchFault: always('drop-after') },
  '-BATCH-504': { batchFault: always('status-504-after') },
};

/** The effects of an end of a plan id; undefined: it is not a magic end. */
export function magicOf(ending: string): Magic | undefined {
  return MAGIC[ending];
}
