import { Optional } from '../../api/optional.js';
import { ApiProperty } from '@nestjs/swagger';
import { IsSentence } from '../../api/text-rules.js';
import { DECLARED, PROVIDERS } from '../../providers/declared.js';

export class PauseDto {
  /** @example "maintenance, announced by mail" */
  @Optional()
  @IsSentence(500, { isOptional: true })
  reason?: string;
}

export class QuotaDto {
  /** Requests allowed in the window. */
  limit!: number;
  /** Seconds. */
  windowSeconds!: number;
  used!: number;
  /** Requests reserved for logins, operators and status queries. */
  reserved!: number;
  left!: number;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  blockedUntil!: string | null;
}

export class ProviderPauseDto {
  @ApiProperty({ type: String, format: 'date-time' })
  at!: string;
  by!: string;
  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;
}

export class ProviderHealthDto {
  @ApiProperty({ enum: PROVIDERS })
  name!: string;
  @ApiProperty({ example: DECLARED[0]?.title })
  title!: string;
  @ApiProperty({ type: ProviderPauseDto, nullable: true })
  paused!: ProviderPauseDto | null;
  /** The circuit breaker of this instance. */
  @ApiProperty({ enum: ['closed', 'open', 'half-open'] })
  breaker!: string;
  /** Seconds since the current token was obtained; null: there is none. */
  @ApiProperty({ type: Number, nullable: true })
  tokenAgeSeconds!: number | null;
  quota!: QuotaDto;
  /** Number of transactions that are not final, by status. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: { pending: 0, unknown: 1 } })
  queue!: Record<string, number>;
  /**
   * Number of transactions that the provider accepted at least a week ago and that are not final. Ask the provider to
   * investigate.
   */
  @ApiProperty({ type: 'integer', example: 0 })
  overdue!: number;
  /** Seconds until the current queue is sent at the rate that the quota allows. */
  drainSeconds!: number;
  /** Time of the last successful call by this instance. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastSuccessAt!: string | null;
}

export class ProviderListDto {
  data!: ProviderHealthDto[];
}
