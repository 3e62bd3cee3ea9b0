import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Length } from 'class-validator';
import { Optional } from '../../api/optional.js';
import { IsDateTime } from '../../operations/http/field.validators.js';
import type { JsonObject } from '../../ledger/model/transaction.js';
import { PROVIDERS, STATEMENT_PROVIDERS } from '../../providers/declared.js';
import { BAD_LINE_CODES } from '../statements/bad-lines/bad-line.js';
import { DELIMITERS } from '../statements/reading/csv-line.js';
import { KINDS, type Kind } from './runs.service.js';
import { ENCODINGS } from '../statements/reading/statement-encoding.js';

/** A statement is sent as `multipart/form-data` with these members as fields and the CSV as the last field, `file`. */
export class CreateReconciliationDto {
  @IsIn(PROVIDERS)
  @ApiProperty({ enum: PROVIDERS, example: STATEMENT_PROVIDERS[0] })
  provider!: string;

  @IsIn(KINDS)
  @ApiProperty({ enum: KINDS, example: 'status' })
  kind!: Kind;

  /**
   * Only transactions created, or released from hold, at or after this time; only balances observed since this time.
   */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  from?: string;

  /**
   * Only transactions created, or released from hold, at or before this time; only balances observed until this time.
   */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  to?: string;

  /** Statements: the file's column names as a JSON object, e.g. `{"amount":"Importe"}`. */
  @Optional()
  @Length(2, 2_000)
  @ApiPropertyOptional({ type: String, example: undefined })
  columns?: string;

  /**
   * Statements: the parts of the format that the gateway cannot recognize. A JSON object with the optional members
   * `delimiter` (`,` `;` tab `|`), `encoding` (`utf-8`, `utf-16le`, `utf-16be`, `windows-1252`), `decimal` (`.` `,`),
   * `thousands` (`,` `.` blank `'`), `dates` (`dd/mm/yyyy`, `mm/dd/yyyy`) and `timeZone` (an IANA zone for times
   * without an offset; default UTC). Example: `{"decimal":",","dates":"dd/mm/yyyy","timeZone":"America/Mexico_City"}`.
   */
  @Optional()
  @Length(2, 2_000)
  @ApiPropertyOptional({ type: String, example: undefined })
  format?: string;
}

export class ReconciliationQueryDto {
  /** `true`: return how the statement is read and the breaks that it would open, but store nothing. */
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
  /** The gateway's name for the column; null: the fault concerns the whole line. */
  @ApiProperty({ type: String, nullable: true })
  column!: string | null;
  @ApiProperty({ enum: BAD_LINE_CODES, example: 'amount_undeclared' })
  code!: string;
  /** The fault, as text. */
  message!: string;
}

/** The period of a statement. Only transactions that were due for sending in it can be missing from the statement. */
export class PeriodDto {
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  from!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  to!: string | null;
  /** `given`: from `from`, `to` or both. `lines`: from the dates of most lines. */
  @ApiProperty({ enum: ['given', 'lines'] })
  source!: string;
}

/** The format in which a statement was read. */
export class StatementFormatDto {
  @ApiProperty({ enum: DELIMITERS, example: ';' })
  delimiter!: string;
  @ApiProperty({ enum: ENCODINGS, example: 'windows-1252' })
  encoding!: string;
  /** The line with the names of the columns, from 1. */
  @ApiProperty({ type: 'integer' })
  headerLine!: number;
  /** The position in the file, from 1, of each column that the gateway reads. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  columns!: Readonly<Record<string, number>>;
  /** The column names in the file. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  names!: Readonly<Record<string, string>>;
  /** The declared decimal separator; null: a decimal point, and no thousands separators. */
  @ApiProperty({ type: String, nullable: true })
  decimal!: string | null;
  @ApiProperty({ type: String, nullable: true })
  thousands!: string | null;
  /** @example "yyyy-mm-dd" */
  dates!: string;
  /** Time zone of times without an offset. @example "UTC" */
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
  /** Period of a compared statement; otherwise null. */
  @ApiProperty({ type: PeriodDto, nullable: true })
  period!: PeriodDto | null;
  @ApiProperty({ type: StatementFormatDto, nullable: true })
  format!: StatementFormatDto | null;
  /** Statement lines, header and empty lines excluded. */
  @ApiProperty({ type: 'integer' })
  lines!: number;
  /** Number of lines whose transaction is still pending at the provider; they settle nothing. */
  @ApiProperty({ type: 'integer' })
  pendingLines!: number;
  @ApiProperty({ type: 'integer' })
  badLineCount!: number;
  /** Number of bad lines by code. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  badLineCounts!: Readonly<Record<string, number>>;
  /** The first 100 bad lines; `GET /v1/admin/reconciliations/{id}/bad-lines` returns all of them. */
  @ApiProperty({ type: [BadLineDto] })
  badLines!: BadLineDto[];
  /** Number of breaks by class, of status queries (`asked`, `unanswered`), or of compared balances (`observations`). */
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
