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
   * When the member earned the points (RFC 3339 with offset); at most ten years ago. To allow for clock skew, a time up to
   * 60 seconds ahead is accepted; the accrual is then sent at that time.
   * @example "2026-11-20T14:10:36.177-03:00"
   */
  @IsDateTime()
  occurredAt!: string;

  /**
   * LATAM Pass's product id. Default: that of the app.
   * @example "001"
   */
  @Optional()
  @Matches(/^[\w.-]{1,50}$/, { message: 'must be 1 to 50 letters, digits, dots, underscores or hyphens' })
  productId?: string;

  /**
   * Hold the accrual until this time (RFC 3339, in the future, at most 400 days ahead). Once sent, it cannot be canceled.
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

/** Changes to an accrual on hold. Omitted members keep their values. */
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

/** Points on hold that are released on one day. */
export class HeldDayDto {
  /**
   * Day of release, in UTC.
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

/** A valid request, shown in Swagger UI. */
export const ACCRUAL_EXAMPLE = {
  reference: 'ORDER-2025-000123',
  member: { ffn: '01234567890' },
  points: 3000,
  occurredAt: '2026-01-20T14:10:36.177-03:00',
  description: 'Stay at Hotel Sol',
};

/** Without `releaseAt`: it must be in the future, and a fixed time in an example would soon be past. */
export const AMEND_EXAMPLE = { points: 2500, description: 'Stay at Hotel Sol, one night less' };
