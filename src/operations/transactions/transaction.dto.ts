import { STATUSES, type JsonObject } from '../../ledger/model/transaction.js';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { DETAIL_MEMBERS, PROVIDERS, TRANSACTION_TYPES, type DetailMember } from '../../providers/declared.js';
import { UNITS } from '../../providers/units.js';

export class QuantityDto {
  /**
   * Exact decimal, in the unit.
   * @example "3000"
   */
  value!: string;
  @ApiProperty({ description: `One of ${UNITS.map((unit) => `\`${unit}\``).join(', ')}.`, example: UNITS[0] })
  unit!: string;
}

export class ProviderFailureDto {
  /** The provider's own code. */
  @ApiProperty({ type: String, nullable: true, example: '83' })
  code!: string | null;
  /** The provider's message, unchanged. */
  @ApiProperty({ type: String, nullable: true, example: 'DN invalido' })
  message!: string | null;
}

export class FailureDto {
  /**
   * Stable code of the gateway.
   * @example "invalid_phone_number"
   */
  code!: string;
  /** @example "The operator does not know this phone number." */
  message!: string;
  @ApiProperty({ type: String, nullable: true, example: 'Check the number and send a new request.' })
  instructions!: string | null;
  /** The cause of the failure. */
  @ApiProperty({ enum: ['request', 'member', 'configuration', 'funds', 'provider', 'operator'] })
  category!: string;
  @ApiProperty({ type: ProviderFailureDto, nullable: true })
  provider!: ProviderFailureDto | null;
  /** Whether a new transaction with the same content may succeed. */
  retryable!: boolean;
}

/** One operation at a provider. The details of its type are in a member named after that type's resource. */
export class TransactionDto {
  /** @example "txn_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11" */
  id!: string;
  @ApiProperty({ enum: TRANSACTION_TYPES })
  type!: string;
  @ApiProperty({ enum: PROVIDERS })
  provider!: string;
  /** `succeeded`, `failed` and `canceled` are final. `unknown`: sent, but it is not known whether it was executed. */
  @ApiProperty({ enum: STATUSES })
  status!: string;
  @ApiProperty({ type: String, nullable: true, example: 'ORDER-2025-000123' })
  reference!: string | null;
  @ApiProperty({ type: QuantityDto, nullable: true })
  quantity!: QuantityDto | null;
  /** The provider's id for the transaction. */
  @ApiProperty({ type: String, nullable: true })
  providerReference!: string | null;
  @ApiProperty({ type: String, nullable: true })
  correlationId!: string | null;
  @ApiProperty({ type: FailureDto, nullable: true })
  failure!: FailureDto | null;
  /** The next step of the gateway, or the action that you must take, as text. */
  @ApiProperty({ type: String, nullable: true })
  nextStep!: string | null;
  /** The transaction can be canceled until this time. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  cancelableUntil!: string | null;
  /** Estimated time of the next status change. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expectedBy!: string | null;
  @ApiProperty({ type: 'object', additionalProperties: true })
  metadata!: JsonObject;
  /** The app that owns the transaction; shown to operators only. */
  @ApiPropertyOptional({ type: String })
  appId?: string;
  /**
   * Shown to operators only. `blocked`: kept for legal claims, visible to administrators only. `erased`: no longer
   * available.
   */
  @ApiPropertyOptional({ enum: ['kept', 'blocked', 'erased'] })
  personalData?: string;
  /** The provider's raw response, if stored; for operators with `expand=personal`. */
  @ApiPropertyOptional({ type: String })
  providerReply?: string;
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completedAt!: string | null;
}

/** The details of a type are in the member that its manifest declares; corrections are the ledger's own. */
export type PresentedTransaction = TransactionDto & Partial<Record<DetailMember, JsonObject>>;

for (const member of DETAIL_MEMBERS) {
  ApiPropertyOptional({ type: 'object', additionalProperties: true })(TransactionDto.prototype, member);
}

export class TransactionPageDto {
  @ApiProperty({ type: [TransactionDto] })
  data!: TransactionDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

/** A webhook that reports an event to one of the app's endpoints. */
export class EventDeliveryDto {
  /** @example "whd_019aa3f0-0000-7000-8000-000000000002" */
  id!: string;
  /** @example "whep_019aa3f0-0000-7000-8000-000000000001" */
  endpointId!: string;
  @ApiProperty({ enum: ['pending', 'delivered', 'refused', 'expired'] })
  status!: string;
  /** The number of times that it was sent. */
  @ApiProperty({ type: 'integer', minimum: 0 })
  attempts!: number;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  deliveredAt!: string | null;
  /** The HTTP status of the last answer; null: there was none. */
  @ApiProperty({ type: 'integer', nullable: true })
  lastStatus!: number | null;
  /** Why the last attempt got no answer, e.g. `timeout`. */
  @ApiProperty({ type: String, nullable: true })
  lastError!: string | null;
}

/** One line of a transaction's timeline. */
export class TransactionEventDto {
  id!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  at!: string;
  @ApiProperty({ enum: STATUSES, nullable: true })
  from!: string | null;
  /** The new status; null: the event records evidence without a status change. */
  @ApiProperty({ enum: STATUSES, nullable: true })
  to!: string | null;
  /** The author of the event: `gateway`, the name of a provider, the id of an app, or `operator:` and a user name. */
  actor!: string;
  /** The evidence for the change, e.g. `answer`, `notification`, `interrupted`. */
  evidence!: string;
  @ApiProperty({ type: 'object', additionalProperties: true })
  detail!: JsonObject;
  /** With `expand=deliveries`: the webhooks that report this event. */
  @ApiPropertyOptional({ type: [EventDeliveryDto] })
  deliveries?: EventDeliveryDto[];
}

export class TransactionEventsDto {
  @ApiProperty({ type: [TransactionEventDto] })
  data!: TransactionEventDto[];
}
