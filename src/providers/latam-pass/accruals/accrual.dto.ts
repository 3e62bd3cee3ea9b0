import { Optional } from '../../../api/optional.js';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsInt, IsObject, Matches, Max, Min, ValidateNested } from 'class-validator';
import { IsSentence } from '../../../api/text-rules.js';
import { QuantityDto } from '../../../operations/transactions/transaction.dto.js';
import { IsDateTime, IsMetadata, IsReference } from '../../../operations/http/field.validators.js';
import { MemberDto } from '../members/member.dto.js';

const MAX_POINTS = 1_000_000_000;

export class CreateAccrualDto {
  @IsReference()
  reference!: string;

  @IsDefined({ message: 'is required' })
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => MemberDto)
  member!: MemberDto;

  /** @example 3000 */
  @IsInt({ message: 'must be a whole number' })
  @Min(1)
  @Max(MAX_POINTS)
  points!: number;

  /**
   * When the member earned the points (RFC 3339 with offset); at most ten years ago. A time up to 60 seconds ahead is
   * accepted (clock skew); the accrual is sent when it has passed.
   * @example "2026-11-20T14:10:36.177-03:00"
   */
  @IsDateTime()
  occurredAt!: string;

  /**
   * LATAM Pass's product id; default: the app's.
   * @example "001"
   */
  @Optional()
  @Matches(/^[\w.-]{1,50}$/, { message: 'must be 1 to 50 letters, digits, dots, underscores or hyphens' })
  productId?: string;

  /**
   * Hold the accrual until this time (RFC 3339, in the future, at most 400 days ahead). An accrual that was sent cannot
   * be canceled.
   */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time', example: undefined })
  releaseAt?: string;

  /** @example "Stay at Hotel Sol" */
  @Optional()
  @IsSentence(200, { isOptional: true })
  description?: string;

  @IsMetadata()
  metadata?: Record<string, string>;
}

/** What may be changed while the accrual is held; what is left out stays as it is. */
export class AmendAccrualDto {
  /** @example 2500 */
  @Optional()
  @IsInt({ message: 'must be a whole number' })
  @Min(1)
  @Max(MAX_POINTS)
  points?: number;

  /** New release time (RFC 3339, in the future, at most 400 days ahead). */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time', example: undefined })
  releaseAt?: string;

  /** @example "Stay at Hotel Sol, one night less" */
  @Optional()
  @IsSentence(200, { isOptional: true })
  description?: string;

  @IsMetadata()
  metadata?: Record<string, string>;
}

/** Points held, by day of release. */
export class HeldDayDto {
  /**
   * UTC.
   * @example "2026-12-01"
   */
  date!: string;
  quantity!: QuantityDto;
  /** Number of accruals. */
  @ApiProperty({ type: 'integer', example: 2 })
  count!: number;
}

export class HeldAccrualsDto {
  @ApiProperty({ type: [HeldDayDto] })
  data!: HeldDayDto[];
}

/** A request that works as it stands. */
export const ACCRUAL_EXAMPLE = {
  reference: 'ORDER-2025-000123',
  member: { ffn: '01234567890' },
  points: 3000,
  occurredAt: '2026-01-20T14:10:36.177-03:00',
  description: 'Stay at Hotel Sol',
};

/** Another release has to lie in the future, which an example cannot for long. */
export const AMEND_EXAMPLE = { points: 2500, description: 'Stay at Hotel Sol, one night less' };
