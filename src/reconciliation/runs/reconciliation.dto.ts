import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Length } from 'class-validator';
import { Optional } from '../../api/optional.js';
import { IsDateTime } from '../../operations/http/field.validators.js';
import type { JsonObject } from '../../ledger/model/transaction.js';
import { PROVIDERS } from '../../connector/connector.js';
import { BAD_LINE_CODES } from '../statements/bad-lines/bad-line.js';
import { DELIMITERS } from '../statements/reading/csv-line.js';
import { KINDS, type Kind } from './runs.service.js';
import { ENCODINGS } from '../statements/reading/statement-encoding.js';

/** What is compared. A statement is sent as `multipart/form-data` with these as fields and, last, the CSV as `file`. */
export class CreateReconciliationDto {
  @IsIn(PROVIDERS)
  @ApiProperty({ enum: PROVIDERS, example: 'latcom' })
  provider!: string;

  @IsIn(KINDS)
  @ApiProperty({ enum: KINDS, example: 'balance' })
  kind!: Kind;

  /** Only transactions created, or released from hold, at or after this time; balances observed since then. */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  from?: string;

  /** Only transactions created, or released from hold, at or before this time; balances observed until then. */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  to?: string;

  /** Statements: the file's own names of columns as a JSON object, e.g. `{"amount":"Importe"}`. */
  @Optional()
  @Length(2, 2_000)
  @ApiPropertyOptional({ type: String, example: undefined })
  columns?: string;

  /**
   * Statements: what cannot be recognized in the file, as a JSON object of `delimiter` (`,` `;` tab `|`), `encoding`
   * (`utf-8`, `utf-16le`, `utf-16be`, `windows-1252`), `decimal` (`.` `,`), `thousands` (`,` `.` blank `'`), `dates`
   * (`dd/mm/yyyy`, `mm/dd/yyyy`) and `timeZone` (IANA, of times without an offset; default UTC), each optional. E.g.
   * `{"decimal":",","dates":"dd/mm/yyyy","timeZone":"America/Mexico_City"}`.
   */
  @Optional()
  @Length(2, 2_000)
  @ApiPropertyOptional({ type: String, example: undefined })
  format?: string;
}

export class ReconciliationQueryDto {
  /** `true`: return how the statement is read and what would be found, and store nothing. */
  @Optional()
  @IsIn(['true', 'false'])
  @ApiPropertyOptional({ enum: ['true', 'false'] })
  preview?: string;
}

export class BadLinesQueryDto {
  /** `true`: the CSV begins with a byte order mark, so that spreadsheets read it as UTF-8. */
  @Optional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  @ApiPropertyOptional({ enum: ['true', 'false'], default: 'false' })
  bom?: string;
}

export class BadLineDto {
  /** Line number in the file, from 1. */
  @ApiProperty({ type: 'integer' })
  line!: number;
  /** The gateway's name of the column; null: the whole line. */
  @ApiProperty({ type: String, nullable: true })
  column!: string | null;
  @ApiProperty({ enum: BAD_LINE_CODES, example: 'amount_undeclared' })
  code!: string;
  /** What is wrong with it. */
  message!: string;
}

/** What a statement is about: only what was to be sent in that time can be missing in it. */
export class PeriodDto {
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  from!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  to!: string | null;
  /** `given`: by `from`, `to` or both. `lines`: by the dates of most lines. */
  @ApiProperty({ enum: ['given', 'lines'] })
  source!: string;
}

/** How a statement was read. */
export class StatementFormatDto {
  @ApiProperty({ enum: DELIMITERS, example: ';' })
  delimiter!: string;
  @ApiProperty({ enum: ENCODINGS, example: 'windows-1252' })
  encoding!: string;
  /** The line with the names of the columns, from 1. */
  @ApiProperty({ type: 'integer' })
  headerLine!: number;
  /** For each column that the gateway reads: its position in the file, from 1. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  columns!: Readonly<Record<string, number>>;
  /** The column names in the file. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  names!: Readonly<Record<string, string>>;
  /** As declared; null: a decimal point, without thousands separators. */
  @ApiProperty({ type: String, nullable: true })
  decimal!: string | null;
  @ApiProperty({ type: String, nullable: true })
  thousands!: string | null;
  /** @example "yyyy-mm-dd" */
  dates!: string;
  /** Of times without an offset. @example "UTC" */
  timeZone!: string;
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
  /** The last completed step: `begin`, then `matched` (statement) or `asked` (status). */
  step!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  from!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  to!: string | null;
  /** Of a statement that was compared; otherwise null. */
  @ApiProperty({ type: PeriodDto, nullable: true })
  period!: PeriodDto | null;
  @ApiProperty({ type: StatementFormatDto, nullable: true })
  format!: StatementFormatDto | null;
  /** Statement lines, header and empty lines excluded. */
  @ApiProperty({ type: 'integer' })
  lines!: number;
  /** Lines that are not final yet; they resolve nothing. */
  @ApiProperty({ type: 'integer' })
  pendingLines!: number;
  @ApiProperty({ type: 'integer' })
  badLineCount!: number;
  /** Bad lines by code. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  badLineCounts!: Readonly<Record<string, number>>;
  /** The first hundred; for all of them see `/v1/admin/reconciliations/{id}/bad-lines`. */
  @ApiProperty({ type: [BadLineDto] })
  badLines!: BadLineDto[];
  /** Breaks found, by class; also the number of queries (`asked`, `unanswered`) or of balances compared (`observations`). */
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
