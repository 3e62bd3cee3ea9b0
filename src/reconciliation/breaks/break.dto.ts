import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsObject, Length, Matches, ValidateNested } from 'class-validator';
import { Optional } from '../../api/optional.js';
import { PageQueryDto } from '../../api/pagination.js';
import { IsSentence } from '../../api/text-rules.js';
import type { JsonObject } from '../../ledger/model/transaction.js';
import { IsDateTime } from '../../operations/http/field.validators.js';
import { QuantityDto } from '../../operations/transactions/transaction.dto.js';
import { PROVIDERS, STATEMENT_PROVIDERS } from '../../providers/declared.js';
import { BREAK_CLASSES, NEXT_CHECKS, RESOLUTIONS, type ResolutionKind } from './break-classes.js';

/** The reason of an operator, not blank. */
function Reason(): PropertyDecorator {
  return IsSentence(500);
}

function TimeField(description: string): PropertyDecorator {
  return applyDecorators(
    Optional(),
    IsDateTime(),
    ApiPropertyOptional({ type: String, format: 'date-time', description, example: undefined }),
  );
}

function UnitField(): PropertyDecorator {
  return applyDecorators(
    Optional(),
    Length(1, 100),
    ApiPropertyOptional({ type: String, description: 'Unit of the amount at risk, e.g. `MXN`.', example: undefined }),
  );
}

function AmountField(): PropertyDecorator {
  return applyDecorators(
    Optional(),
    Matches(/^\d{1,15}(\.\d{1,9})?$/, { message: 'must be a decimal such as 10.00' }),
    ApiPropertyOptional({
      type: String,
      description: 'Largest amount at risk, in `unit`.',
      example: undefined,
    }),
  );
}

export class BreakQueryDto extends PageQueryDto {
  @Optional()
  @IsIn(BREAK_CLASSES)
  @ApiPropertyOptional({ enum: BREAK_CLASSES })
  class?: string;

  @Optional()
  @IsIn(PROVIDERS)
  @ApiPropertyOptional({ enum: PROVIDERS })
  provider?: string;

  @Optional()
  @IsIn(['open', 'resolved'])
  @ApiPropertyOptional({ enum: ['open', 'resolved'] })
  status?: string;

  @UnitField()
  unit?: string;

  @AmountField()
  amountAtMost?: string;

  @TimeField('Found at or after this time.')
  createdFrom?: string;

  @TimeField('Found before this time.')
  createdTo?: string;
}

export class BreakProposalDto {
  @ApiProperty({ enum: RESOLUTIONS })
  resolution!: string;
  text!: string;
}

export class PendingResolutionDto {
  @ApiProperty({ enum: RESOLUTIONS })
  resolution!: string;
  reason!: string;
  by!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  at!: string;
}

/** A difference between the ledger and a provider. */
export class BreakDto {
  /** @example "brk_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11" */
  id!: string;
  @ApiProperty({ enum: BREAK_CLASSES })
  class!: string;
  @ApiProperty({ enum: PROVIDERS })
  provider!: string;
  @ApiProperty({ enum: ['open', 'resolved'] })
  status!: string;
  @ApiProperty({ type: QuantityDto, nullable: true })
  amountAtRisk!: QuantityDto | null;
  @ApiProperty({ type: String, nullable: true })
  transactionId!: string | null;
  @ApiProperty({ type: String, nullable: true })
  reconciliationId!: string | null;
  /** The statement line. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  providerRecord!: JsonObject | null;
  /** The ledger's view of the transaction. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  detail!: JsonObject;
  /** The meaning of the break, as text. */
  cause!: string;
  @ApiProperty({ type: BreakProposalDto })
  proposal!: BreakProposalDto;
  /** Time of the next automatic check; null: not scheduled. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  nextCheck!: string | null;
  /** The next automatic check; null: there is none, and an operator must act. */
  @ApiProperty({ enum: NEXT_CHECKS, nullable: true })
  nextCheckBy!: string | null;
  /** A resolution that a second operator must approve. */
  @ApiProperty({ type: PendingResolutionDto, nullable: true })
  pending!: PendingResolutionDto | null;
  @ApiProperty({ type: String, nullable: true })
  resolution!: string | null;
  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;
  @ApiProperty({ type: String, nullable: true })
  resolvedBy!: string | null;
  @ApiProperty({ type: 'integer', minimum: 0 })
  ageSeconds!: number;
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  resolvedAt!: string | null;
}

export class BreakPageDto {
  @ApiProperty({ type: [BreakDto] })
  data!: BreakDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

export class ResolveBreakDto {
  /**
   * `explained`: nothing changes. `succeeded`, `failed`: the outcome of the unknown or parked transaction. `correct`:
   * posts a linked correction.
   */
  @IsIn(RESOLUTIONS)
  @ApiProperty({ enum: RESOLUTIONS, example: 'explained' })
  resolution!: ResolutionKind;

  /** @example "the provider's support confirmed it" */
  @Reason()
  reason!: string;
}

export class BreakFilterDto {
  @IsIn(BREAK_CLASSES)
  @ApiProperty({ enum: BREAK_CLASSES, example: 'cutoff_timing' })
  class!: string;

  @Optional()
  @IsIn(PROVIDERS)
  @ApiPropertyOptional({ enum: PROVIDERS })
  provider?: string;

  @Optional()
  @Matches(/^rec_[0-9a-f-]{36}$/, { message: 'must be the id of a reconciliation (rec_…)' })
  @ApiPropertyOptional({ type: String, example: undefined })
  reconciliationId?: string;

  @UnitField()
  unit?: string;

  @AmountField()
  amountAtMost?: string;

  @TimeField('Found at or after this time.')
  createdFrom?: string;

  @TimeField('Found before this time.')
  createdTo?: string;
}

/** Closes many breaks at once. Only `explained` is possible. */
export class ResolveBreaksDto {
  @IsDefined({ message: 'is required' })
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => BreakFilterDto)
  filter!: BreakFilterDto;

  @IsIn(['explained'], { message: 'must be explained: resolutions that move money are made one by one' })
  @ApiProperty({ enum: ['explained'], example: 'explained' })
  resolution!: 'explained';

  /** @example "covered by the statement of the next day" */
  @Reason()
  reason!: string;
}

export class ResolvedBreaksDto {
  /** Number of breaks that were open and are closed now. */
  @ApiProperty({ type: 'integer', minimum: 0 })
  resolved!: number;
}

/** An example that works without changes. */
export const RESOLVE_BREAKS_EXAMPLE = {
  filter: { class: 'cutoff_timing', provider: STATEMENT_PROVIDERS[0] },
  resolution: 'explained',
  reason: 'in the statement of the next day',
};
