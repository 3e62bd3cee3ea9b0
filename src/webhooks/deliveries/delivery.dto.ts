import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { Optional } from '../../api/optional.js';
import { PageQueryDto } from '../../api/pagination.js';
import { DELIVERY_STATES, type DeliveryState } from './delivery.js';

export class DeliveryAttemptDto {
  @ApiProperty({ type: String, format: 'date-time' })
  at!: string;
  @ApiProperty({ type: 'integer' })
  durationMs!: number;
  /** The HTTP status of the answer; null: there was none. */
  @ApiProperty({ type: 'integer', nullable: true })
  status!: number | null;
  /** Why there was no answer. */
  @ApiProperty({ type: String, nullable: true, example: 'timeout' })
  error!: string | null;
}

/** An event for one endpoint, and what came of it. */
export class DeliveryDto {
  @ApiProperty({ example: 'whd_019aa3f0-0000-7000-8000-000000000002' })
  id!: string;
  @ApiProperty({ example: 'whep_019aa3f0-0000-7000-8000-000000000001' })
  endpointId!: string;
  /** The `webhook-id` of every attempt. */
  @ApiProperty({ example: 'evt_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11' })
  eventId!: string;
  @ApiProperty({ example: 'transaction.succeeded' })
  type!: string;
  /** null: the event is not about a transaction. */
  @ApiProperty({ type: String, nullable: true, example: 'txn_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11' })
  transactionId!: string | null;
  /**
   * `pending`: it will be sent, or sent again. `delivered`: answered with 2xx. `refused`: given up after repeated
   * refusals. `expired`: it waited for seven days. When it is sent again, this is the state of that.
   */
  @ApiProperty({ enum: DELIVERY_STATES })
  status!: DeliveryState;
  @ApiProperty({ type: 'integer' })
  attempts!: number;
  /** The HTTP status of the last answer. */
  @ApiProperty({ type: 'integer', nullable: true })
  lastStatus!: number | null;
  @ApiProperty({ type: String, nullable: true, example: 'timeout' })
  lastError!: string | null;
  /** The earliest time of the next attempt; null: none is planned, or one is in progress. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  nextAttemptAt!: string | null;
  /** When the endpoint first took it; null: never. It stays, whatever comes of sending it again. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  deliveredAt!: string | null;
  /** The last ten attempts. */
  @ApiProperty({ type: [DeliveryAttemptDto] })
  log!: DeliveryAttemptDto[];
}

export class DeliveryPageDto {
  @ApiProperty({ type: [DeliveryDto] })
  data!: DeliveryDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

export class DeliveryQueryDto extends PageQueryDto {
  @Optional()
  @IsIn(DELIVERY_STATES, { message: `must be one of ${DELIVERY_STATES.join(', ')}` })
  @ApiPropertyOptional({ enum: DELIVERY_STATES })
  status?: DeliveryState;
}

/** What came of a test. */
export class EndpointTestDto {
  /** True: it was answered with 2xx. */
  delivered!: boolean;
  /** The HTTP status of the answer; null: there was none. */
  @ApiProperty({ type: 'integer', nullable: true })
  status!: number | null;
  @ApiProperty({ type: 'integer' })
  durationMs!: number;
  /** Why there was no answer. */
  @ApiProperty({ type: String, nullable: true, example: 'timeout' })
  error!: string | null;
}
