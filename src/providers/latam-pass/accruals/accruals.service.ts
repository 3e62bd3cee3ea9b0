import { Injectable } from '@nestjs/common';
import type { AppCaller } from '../../../access/caller.js';
import { Config } from '../../../config/config.js';
import { newUuid } from '../../../common/ids.js';
import { POINTS_UNIT } from './points.js';
import type { Draft } from '../../../operations/submission/draft.js';
import { Problem, type FieldError } from '../../../common/problem.js';
import { readDateTime } from '../../../readers/date-time.js';
import type { CreateAccrualDto } from './accrual.dto.js';
import { accrualBody } from './accrual.mapping.js';
import { clearMember, maskedMember, memberErrors } from '../members/member.js';

const DAY_MS = 24 * 60 * 60_000;
const MAX_HOLD_DAYS = 400;
/** Largest accepted lead of a caller's clock, in milliseconds. */
const MAX_AHEAD_MS = 60_000;
const MAX_AGE_YEARS = 10;

/** Translates a partner's request into an accrual for LATAM Pass. */
@Injectable()
export class Accruals {
  constructor(private readonly config: Config) {}

  /** @throws Problem `validation_failed` for rules that the DTO cannot check */
  draft(dto: CreateAccrualDto, caller: AppCaller): Draft {
    const { partnerId } = this.config.providers['latam-pass'];
    const now = Date.now();
    const releaseAt = releaseTime(dto, caller, now);
    const occurredAt = readDateTime(dto.occurredAt) ?? new Date(NaN);
    const productId = dto.productId ?? caller.productId ?? this.config.providers['latam-pass'].productId;
    const errors = [
      ...memberErrors(dto.member, '/member'),
      ...timeErrors(occurredAt, now),
      ...releaseErrors(dto.releaseAt, occurredAt, now),
    ];
    if (productId === null) {
      errors.push({ pointer: '/productId', message: 'is required: neither the app nor the gateway has a default' });
    }
    if (errors.length > 0 || productId === null) throw Problem.validation(errors);
    const id = newUuid();
    const { member, points, description, reference } = dto;
    return {
      id,
      type: 'accrual',
      provider: 'latam-pass',
      reference,
      // LATAM Pass knows the partner id only, so a reference must be unique among all apps that share it.
      referenceScope: `latam-pass:${partnerId}`,
      quantity: { amount: BigInt(points), unit: POINTS_UNIT },
      detail: {
        member: maskedMember(member),
        productId,
        occurredAt: occurredAt.toISOString(),
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
          occurredAt: dto.occurredAt,
          description,
        }),
      },
      metadata: dto.metadata ?? {},
      // LATAM Pass rejects an `occurredAt` in the future.
      ...(releaseAt ? { releaseAt } : occurredAt.getTime() > now && { sendAfter: occurredAt }),
    };
  }
}

function releaseTime(dto: CreateAccrualDto, caller: AppCaller, now: number): Date | null {
  if (dto.releaseAt !== undefined) return readDateTime(dto.releaseAt);
  return caller.defaultHoldDays === null ? null : new Date(now + caller.defaultHoldDays * DAY_MS);
}

function timeErrors(occurredAt: Date, now: number): FieldError[] {
  const earliest = new Date(now);
  earliest.setUTCFullYear(earliest.getUTCFullYear() - MAX_AGE_YEARS);
  const pointer = '/occurredAt';
  if (occurredAt < earliest) return [{ pointer, message: `must be at most ${MAX_AGE_YEARS} years ago` }];
  if (occurredAt.getTime() <= now + MAX_AHEAD_MS) return [];
  return [{ pointer, message: `must not be in the future (more than ${MAX_AHEAD_MS / 1_000} seconds ahead)` }];
}

/** Validates a requested release time. */
export function releaseErrors(releaseAt: string | undefined, occurredAt: Date, now = Date.now()): FieldError[] {
  const at = releaseAt === undefined ? null : readDateTime(releaseAt);
  if (at === null) return [];
  const pointer = '/releaseAt';
  if (at.getTime() <= now) return [{ pointer, message: 'must be in the future' }];
  if (at < occurredAt) return [{ pointer, message: 'must not be before occurredAt' }];
  if (at.getTime() <= now + MAX_HOLD_DAYS * DAY_MS) return [];
  return [{ pointer, message: `must be at most ${MAX_HOLD_DAYS} days ahead` }];
}
