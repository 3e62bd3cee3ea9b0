import { refusal } from './errors.js';
import { type Magic, magicOf } from './magic.js';

export interface Plan {
  readonly kind: 'lounge' | 'esim';
  /** Priority Pass plans: "determined by plan_id". */
  readonly needsEnrolToken: boolean;
  readonly magic: Magic;
}

const KINDS = {
  'PP-LOUNGE': { kind: 'lounge', needsEnrolToken: true },
  'LOUNGE-BASIC': { kind: 'lounge', needsEnrolToken: false },
  'ESIM-MX-5GB': { kind: 'esim', needsEnrolToken: false },
} as const;

/** "Test edge cases like invalid plan_id (expect 400)." The error's name is assumed. */
export function planOf(planId: string): Plan {
  for (const [name, kind] of Object.entries(KINDS)) {
    if (!planId.startsWith(name)) continue;
    const magic = magicOf(planId.slice(name.length));
    if (magic) return { ...kind, magic };
  }
  throw refusal(400, 'invalid_plan_id', 'Provided plan_id is not mapped');
}
