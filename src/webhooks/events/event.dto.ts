import { ApiHideProperty, ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsArray, IsIn, Matches } from 'class-validator';
import { LimitQueryDto } from '../../api/pagination.js';
import { Optional } from '../../api/optional.js';
import { BASES, type Basis } from '../../ledger/model/evidence.js';
import { STATUSES, type Status } from '../../ledger/model/transaction.js';
import { QuantityDto } from '../../operations/transactions/transaction.dto.js';
import { PROVIDERS, TRANSACTION_TYPES } from '../../providers/declared.js';
import { ALL_TYPES, type EventType } from './event-types.js';
import { ENDPOINT_DISABLED } from './gateway-event-types.js';

export class EventFailureDto {
  /** @example "invalid_phone_number" */
  code!: string;
  @ApiProperty({ enum: ['request', 'member', 'configuration', 'funds', 'provider', 'operator'] })
  category!: string;
  /** Whether a new transaction with the same content may succeed. */
  retryable!: boolean;
}

export class EventDataDto {
  /** @example "txn_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11" */
  transactionId!: string;
  @ApiProperty({ enum: TRANSACTION_TYPES })
  transactionType!: string;
  @ApiProperty({ enum: PROVIDERS })
  provider!: string;
  @ApiProperty({ type: String, nullable: true, example: 'ORDER-1' })
  reference!: string | null;
  /** Grows with each change of the transaction. An event with a lower version than one you have seen is older. */
  @ApiProperty({ type: 'integer', minimum: 1 })
  version!: number;
  @ApiProperty({ enum: STATUSES })
  status!: Status;
  @ApiProperty({ enum: STATUSES, nullable: true })
  previousStatus!: Status | null;
  /** True: the status never changes again. */
  final!: boolean;
  /** What the change is based on. `balance` is reserved: no event has it yet. */
  @ApiProperty({ enum: BASES })
  basis!: Basis;
  @ApiProperty({ type: QuantityDto, nullable: true })
  quantity!: QuantityDto | null;
  /** The provider's own id, if it was known at the time of the event. */
  @ApiProperty({ type: String, nullable: true })
  providerReference!: string | null;
  @ApiProperty({ type: EventFailureDto, nullable: true })
  failure!: EventFailureDto | null;
  /** @example "/v1/transactions/txn_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11" */
  url!: string;
}

/** A change of a transaction. The same event always has the same content. */
export class EventDto {
  /** @example "evt_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11" */
  id!: string;
  @ApiProperty({ enum: ALL_TYPES })
  type!: EventType;
  @ApiProperty({ type: String, format: 'date-time' })
  timestamp!: string;
  /** @example "v1" */
  apiVersion!: string;
  data!: EventDataDto;
}

export class EventPageDto {
  /** Oldest first. */
  @ApiProperty({ type: [EventDto] })
  data!: EventDto[];
  /**
   * Pass it as `after` in the next request: the last event of this page, or the `after` of this request. With `types`
   * it is the last event that was looked at, which may be of another type.
   */
  @ApiProperty({ type: String, nullable: true })
  nextAfter!: string | null;
  /** True: more events can be read at once. With `types` a page may be empty all the same. */
  hasMore!: boolean;
}

const TYPES_MESSAGE = `must be one or more of ${ALL_TYPES.join(', ')}, separated by commas`;

export class EventQueryDto extends LimitQueryDto {
  /** The page begins after this event. Omitted: with the app's first event. */
  @Optional()
  @Matches(/^evt_[0-9a-f-]{36}$/, { message: 'must be an event id (evt_…)' })
  @ApiPropertyOptional({ type: String })
  after?: string;

  @Optional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value))
  @IsArray({ message: TYPES_MESSAGE })
  @IsIn(ALL_TYPES, { each: true, message: TYPES_MESSAGE })
  @ApiHideProperty()
  types?: EventType[];
}

export class EventTypeDto {
  @ApiProperty({ enum: [...ALL_TYPES, ENDPOINT_DISABLED] })
  type!: EventType | typeof ENDPOINT_DISABLED;
  description!: string;
  /** True: an endpoint that names no types receives it. */
  isDefault!: boolean;
  /** The JSON Schema (2020-12) of the event. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  schema!: object;
}

export class EventTypesDto {
  @ApiProperty({ type: [EventTypeDto] })
  data!: EventTypeDto[];
}
