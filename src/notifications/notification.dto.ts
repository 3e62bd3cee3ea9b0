import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { NOTIFYING_PROVIDERS } from '../providers/declared.js';
import { Optional } from '../api/optional.js';
import { PageQueryDto } from '../api/pagination.js';
import { NOTIFICATION_STATES, type NotificationState } from './notification.js';

export class NotificationQueryDto extends PageQueryDto {
  /** Only notifications in this state. `orphan`: no transaction has this correlationId yet. */
  @Optional()
  @IsIn(NOTIFICATION_STATES)
  @ApiPropertyOptional({ enum: NOTIFICATION_STATES })
  state?: NotificationState;

  /** `personal`: include the raw bytes. Requires the role `operator` and is audited. */
  @Optional()
  @IsIn(['personal'])
  @ApiPropertyOptional({ enum: ['personal'] })
  expand?: string;
}

export class NotificationDto {
  /** @example "ntf_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11" */
  id!: string;
  @ApiProperty({ example: NOTIFYING_PROVIDERS[0] })
  provider!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  receivedAt!: string;
  /**
   * `received`: not processed yet. `applied`: processed. `orphan`: no transaction has this correlationId yet.
   * `unreadable`: not understood, and it changed nothing. `contradiction`: it contradicts a final status, which stands.
   */
  @ApiProperty({ enum: NOTIFICATION_STATES })
  state!: NotificationState;
  @ApiProperty({ type: String, nullable: true })
  correlationId!: string | null;
  @ApiProperty({ type: String, nullable: true })
  transactionId!: string | null;
  /** Number of attempts to apply it. */
  @ApiProperty({ type: 'integer' })
  attempts!: number;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  appliedAt!: string | null;
  /** The raw bytes, as text. */
  @ApiPropertyOptional({ type: String })
  raw?: string;
}

export class NotificationPageDto {
  @ApiProperty({ type: [NotificationDto] })
  data!: NotificationDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
