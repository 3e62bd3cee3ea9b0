import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Length } from 'class-validator';
import { Optional } from '../api/optional.js';
import { IsDateTime } from '../operations/fields.js';
import type { JsonObject } from '../ledger/transaction.js';
import { PROVIDERS } from '../providers/connector.js';
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
