import { createHash } from 'node:crypto';
import { Type } from 'class-transformer';
import { IsArray, IsBoolean, IsDefined, IsIn, IsInt, IsObject, IsString, ValidateNested } from 'class-validator';
import { type Effect } from '../effects.js';
import { planOf } from './plans.js';
import { HolderBody } from './requests.js';

const TURN_KINDS = ['pass-update', 'pass-cancel'] as const;

export class PassTurn {
  @IsIn(TURN_KINDS) kind: (typeof TURN_KINDS)[number];
  @IsInt() at: number;
}

/** An issued pass. */
export class Pass {
  @IsString() id: string;
  @IsString() planId: string;
  @IsInt() createdAt: number;
  @IsDefined() @IsObject() @ValidateNested() @Type(() => HolderBody) holder: HolderBody;
  @IsBoolean() batch: boolean;
  @IsArray() @ValidateNested({ each: true }) @Type(() => PassTurn) turns: PassTurn[];
}

/** Time until a pass of a `…-PENDING` plan becomes active. */
const PENDING_MS = 5000;

export function isCanceled(pass: Pass): boolean {
  return pass.turns.some(({ kind }) => kind === 'pass-cancel');
}

function statusOf(pass: Pass): string {
  if (isCanceled(pass)) return 'cancelled';
  const { status } = planOf(pass.planId).magic;
  if (status === 'pending' && Date.now() >= pass.createdAt + PENDING_MS) return 'active';
  return status ?? 'active';
}

/** The answer to a create or a status: `pass_id` and data of the type. All members but `dmc_qr_data` are assumed. */
export function passBody(pass: Pass): object {
  const { kind, magic } = planOf(pass.planId);
  const secret = createHash('sha256').update(pass.id).digest('hex').toUpperCase();
  const data =
    kind === 'lounge'
      ? { dmc_qr_data: `DMC1*${secret.slice(0, 32)}` }
      : { smdp_address: 'smdp.sandbox.example', activation_code: `LPA:1$smdp.sandbox.example$${secret.slice(0, 20)}` };
  return {
    ...(magic.withoutId ? {} : { pass_id: pass.id }),
    plan_id: pass.planId,
    type: kind,
    status: statusOf(pass),
    created_at: new Date(pass.createdAt).toISOString(),
    ...data,
  };
}

export function passEffects(pass: Pass): Effect[] {
  const { first_name, last_name, email } = pass.holder;
  const effect = (kind: string, at: number, outcome: string, quantity: Effect['quantity']): Effect => ({
    kind,
    at: new Date(at).toISOString(),
    key: `${pass.planId} ${email ?? `${first_name} ${last_name}`}`,
    providerReference: pass.id,
    outcome,
    quantity,
    detail: { planId: pass.planId, holder: pass.holder, batch: pass.batch },
  });
  const created = effect('pass-create', pass.createdAt, statusOf(pass), { value: '1', unit: `PASS:${pass.planId}` });
  return [created, ...pass.turns.map(({ kind, at }) => effect(kind, at, 'done', null))];
}
