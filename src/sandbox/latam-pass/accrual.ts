import { IsIn, IsInt, IsString } from 'class-validator';
import { type Effect } from '../effects.js';
import { MayBeAbsent } from '../parse.js';
import { NOTICE_SCRIPTS, type NoticeScript } from './magic.js';

/** A registered accrual. Its outcome is decided at once and becomes visible at `finalAt`. */
export class Accrual {
  /** The correlationId. */
  @IsString() id: string;
  @IsInt() number: number;
  @IsString() threadId: string;
  @IsInt() receivedAt: number;
  @IsInt() finalAt: number;
  @IsString() partnerAccrualId: string;
  @IsString() partnerTransactionId: string;
  @IsString() productId: string;
  @IsString() ffn: string;
  @IsInt() points: number;
  /** The reason code of an accrual that ends CANCELLED. */
  @MayBeAbsent() @IsInt() reason?: number | undefined;
  @IsIn(NOTICE_SCRIPTS) notices: NoticeScript;
  /** Number of its notifications that were answered 2xx. */
  @IsInt() delivered: number;
}

export type AccrualStatus = 'PROCESSING' | 'PROCESSED' | 'CANCELLED';

export function finalStatus(accrual: Accrual): 'PROCESSED' | 'CANCELLED' {
  return accrual.reason === undefined ? 'PROCESSED' : 'CANCELLED';
}

export function statusNow(accrual: Accrual): AccrualStatus {
  return Date.now() < accrual.finalAt ? 'PROCESSING' : finalStatus(accrual);
}

/** LATAM Pass's id of a credited accrual; others have none. Its form is that of the sample, `BCS12345_6`. */
export function latamAccrualId(accrual: Accrual): string {
  return `BCS${10_000 + accrual.number}_1`;
}

export function accrualEffect(accrual: Accrual): Effect {
  const outcome = statusNow(accrual);
  const { ffn, productId, partnerTransactionId, reason, delivered } = accrual;
  return {
    kind: 'accrual',
    at: new Date(accrual.receivedAt).toISOString(),
    key: accrual.partnerAccrualId,
    providerReference: outcome === 'PROCESSED' ? latamAccrualId(accrual) : null,
    outcome,
    quantity: { value: String(accrual.points), unit: 'LATAM_PASS_POINTS' },
    detail: { correlationId: accrual.id, partnerTransactionId, ffn, productId, reason: reason ?? null, delivered },
  };
}
