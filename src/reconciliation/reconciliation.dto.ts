import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Length, Matches, ValidateNested, IsDefined, IsObject } from 'class-validator';
import { Type } from 'class-transformer';
import { Optional } from '../api/optional.js';
import { PageQueryDto } from '../api/pagination.js';
import { IsDateTime } from '../operations/fields.js';
import { QuantityDto } from '../operations/transaction.dto.js';
import type { JsonObject } from '../ledger/transaction.js';
import { PROVIDERS } from '../providers/connector.js';
import { BREAK_CLASSES, RESOLUTIONS, type ResolutionKind } from './break-classes.js';
import { KINDS, type Kind } from './runs.js';

/** What is compared. A statement is sent as `multipart/form-data` with these as fields and, last, the CSV as `file`. */
export class CreateReconciliationDto {
  @IsIn(PROVIDERS)
  @ApiProperty({ enum: PROVIDERS, example: 'latcom' })
  provider!: string;

  @IsIn(KINDS)
  @ApiProperty({ enum: KINDS, example: 'balance' })
  kind!: Kind;

  /** Only what was created at that time or later. */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  from?: string;

  /** Only what had ended by then. */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  to?: string;

  /** Statements: the file's own names of columns as a JSON object, e.g. `{"amount":"Importe"}`. */
  @Optional()
  @Length(2, 2_000)
  @ApiPropertyOptional({ type: String, example: undefined })
  columns?: string;
}

export class BadLineDto {
  /** In the file, from 1. */
  @ApiProperty({ type: 'integer' })
  line!: number;
  /** What is wrong with it. */
  message!: string;
}

export class ReconciliationDto {
  /** @example "rec_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11" */
  id!: string;
  @ApiProperty({ enum: PROVIDERS })
  provider!: string;
  @ApiProperty({ enum: KINDS })
  kind!: string;
  @ApiProperty({ enum: ['running', 'completed', 'failed'] })
  status!: string;
  /** What is done: `begin`, then `matched` (statement) or `asked` (status). */
  step!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  from!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  to!: string | null;
  /** Of the statement, without its first. */
  @ApiProperty({ type: 'integer' })
  lines!: number;
  @ApiProperty({ type: 'integer' })
  badLineCount!: number;
  /** The first hundred of them. */
  @ApiProperty({ type: [BadLineDto] })
  badLines!: BadLineDto[];
  /** Breaks found, by class; and how many were asked (`asked`, `unanswered`) or looked at (`observations`). */
  @ApiProperty({ type: 'object', additionalProperties: true })
  counts!: JsonObject;
  @ApiProperty({ type: String, nullable: true })
  failure!: string | null;
  createdBy!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completedAt!: string | null;
}

export class ReconciliationPageDto {
  @ApiProperty({ type: [ReconciliationDto] })
  data!: ReconciliationDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
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

/** Something that does not fit together. */
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
  /** The line of the statement. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  providerRecord!: JsonObject | null;
  /** What else is known: how the ledger has it. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  detail!: JsonObject;
  /** What it means, in words. */
  cause!: string;
  @ApiProperty({ type: BreakProposalDto })
  proposal!: BreakProposalDto;
  /** What looks at it next by itself; null: nothing, a person has to. */
  @ApiProperty({ enum: ['next_statement', 'next_tick'], nullable: true })
  nextCheck!: string | null;
  /** A resolution that waits for a second operator. */
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
   * `explained`: nothing moves. `succeeded`, `failed`: how its unknown or parked transaction ended. `correct`: a linked
   * correction is posted.
   */
  @IsIn(RESOLUTIONS)
  @ApiProperty({ enum: RESOLUTIONS, example: 'explained' })
  resolution!: ResolutionKind;

  /** @example "the provider's support confirmed it" */
  @Length(1, 500)
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
}

/** Of many breaks at once nothing can be said but that they are explained. */
export class ResolveBreaksDto {
  @IsDefined({ message: 'is required' })
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => BreakFilterDto)
  filter!: BreakFilterDto;

  @IsIn(['explained'], { message: 'must be explained: what moves money is resolved one by one' })
  @ApiProperty({ enum: ['explained'], example: 'explained' })
  resolution!: 'explained';

  /** @example "covered by the statement of the next day" */
  @Length(1, 500)
  reason!: string;
}

export class ResolvedBreaksDto {
  /** How many were open and are closed now. */
  @ApiProperty({ type: 'integer', minimum: 0 })
  resolved!: number;
}
