import { Injectable } from '@nestjs/common';
import type { AppCaller } from '../../access/caller.js';
import { Config } from '../../config.js';
import { newUuid } from '../../ids.js';
import { POINTS_UNIT } from '../../ledger/units.js';
import type { Draft } from '../../operations/draft.js';
import { Problem, type FieldError } from '../../problem.js';
import type { CreateAccrualDto } from './accrual.dto.js';
import { accrualBody } from './mapping.js';
import { clearMember, maskedMember, memberErrors } from './member.js';

const DAY_MS = 24 * 60 * 60_000;
const MAX_HOLD_DAYS = 400;

/** Turns a partner's request into an accrual as LATAM Pass wants it. */
@Injectable()
export class Accruals {
  constructor(private readonly config: Config) {}

  /** @throws Problem `validation_failed` for what only the rules of accruals can tell */
  draft(dto: CreateAccrualDto, caller: AppCaller): Draft {
    const { partnerId } = this.config.latamPass;
    const now = Date.now();
    const releaseAt = releaseTime(dto, caller, now);
    const productId = dto.productId ?? caller.productId ?? this.config.latamPass.productId;
    const errors = [
      ...memberErrors(dto.member, '/member'),
      ...timeErrors(dto, now),
      ...releaseErrors(dto.releaseAt, now),
    ];
    if (productId === null) {
      errors.push({ pointer: '/productId', message: 'is required: neither the app nor the gateway has a default' });
    }
    if (errors.length > 0 || productId === null) throw Problem.validation(errors);
    const id = newUuid();
    const { member, points, occurredAt, description, reference } = dto;
    return {
      id,
      type: 'accrual',
      provider: 'latam-pass',
      reference,
      // LATAM Pass knows the partner, not our apps: the reference is unique for all who share the partner id.
      referenceScope: `latam-pass:${partnerId}`,
      quantity: { amount: BigInt(points), unit: POINTS_UNIT },
      detail: {
        member: maskedMember(member),
        productId,
        occurredAt: new Date(occurredAt).toISOString(),
        releaseAt: releaseAt?.toISOString() ?? null,
        description: description ?? null,
      },
      secret: {
        personal: { member: clearMember(member) },
        body: accrualBody({
          transactionId: id,
          reference,
          partnerId,
          productId,
          member,
          points,
          occurredAt,
          description,
        }),
      },
      metadata: dto.metadata ?? {},
      ...(releaseAt && { releaseAt }),
    };
  }
}

function releaseTime(dto: CreateAccrualDto, caller: AppCaller, now: number): Date | null {
  if (dto.releaseAt !== undefined) return new Date(dto.releaseAt);
  return caller.defaultHoldDays === null ? null : new Date(now + caller.defaultHoldDays * DAY_MS);
}

function timeErrors(dto: CreateAccrualDto, now: number): FieldError[] {
  if (Date.parse(dto.occurredAt) <= now) return [];
  return [{ pointer: '/occurredAt', message: 'must not be in the future' }];
}

/** What is wrong with a release that a caller asks for. */
export function releaseErrors(releaseAt: string | undefined, now = Date.now()): FieldError[] {
  if (releaseAt === undefined) return [];
  const at = Date.parse(releaseAt);
  if (at <= now) return [{ pointer: '/releaseAt', message: 'must be in the future' }];
  if (at <= now + MAX_HOLD_DAYS * DAY_MS) return [];
  return [{ pointer: '/releaseAt', message: `must be at most ${MAX_HOLD_DAYS} days ahead` }];
}
