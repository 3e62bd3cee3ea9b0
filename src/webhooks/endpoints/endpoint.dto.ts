import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { ArrayMinSize, ArrayUnique, IsArray, IsBoolean, IsIn, IsInt, IsString, Max, Min } from 'class-validator';
import { Clearable, Optional } from '../../api/optional.js';
import { IsLabel } from '../../api/text-rules.js';
import { ALL_TYPES, DEFAULT_TYPES, type EventType } from '../events/event-types.js';
import type { SubscribedType } from '../events/gateway-event-types.js';
import { DISABLED_REASONS, type DisabledReason } from './endpoint.js';

const MAX_DESCRIPTION = 200;
const DAY_SECONDS = 86_400;
const URL_EXAMPLE = 'https://partner.example/webhooks/loyalty';
const TYPES_MESSAGE = `must be a list of event types out of ${ALL_TYPES.join(', ')}`;

export class CreateEndpointDto {
  /** An https URL with a public host, on port 443 or 8443 unless the operator allows others. */
  @IsString({ message: 'must be a string' })
  @ApiProperty({ format: 'uri', maxLength: 2_048, example: URL_EXAMPLE })
  url!: string;

  /** The types of events that it receives. Omitted: those that you must act on. */
  @Optional()
  @IsArray({ message: TYPES_MESSAGE })
  @IsIn(ALL_TYPES, { each: true, message: TYPES_MESSAGE })
  @ArrayUnique({ message: 'must not name a type twice' })
  @ArrayMinSize(1, { message: 'must name at least one type' })
  @ApiPropertyOptional({ enum: ALL_TYPES, isArray: true, default: DEFAULT_TYPES })
  types?: EventType[];

  @Optional()
  @IsLabel(MAX_DESCRIPTION, { example: 'Bookings', isOptional: true })
  description?: string;
}

export class UpdateEndpointDto {
  /** An https URL with a public host, on port 443 or 8443 unless the operator allows others. */
  @Optional()
  @IsString({ message: 'must be a string' })
  @ApiPropertyOptional({ format: 'uri', maxLength: 2_048, example: URL_EXAMPLE })
  url?: string;

  @Optional()
  @IsArray({ message: TYPES_MESSAGE })
  @IsIn(ALL_TYPES, { each: true, message: TYPES_MESSAGE })
  @ArrayUnique({ message: 'must not name a type twice' })
  @ArrayMinSize(1, { message: 'must name at least one type' })
  @ApiPropertyOptional({ enum: ALL_TYPES, isArray: true })
  types?: EventType[];

  /** null removes it. */
  @Clearable()
  @IsLabel(MAX_DESCRIPTION, { example: 'Bookings', isOptional: true })
  @ApiPropertyOptional({ type: String, nullable: true })
  description?: string | null;

  /** `false` stops deliveries; `true` starts them again and forgets earlier failures. Replay what was missed. */
  @Optional()
  @IsBoolean({ message: 'must be true or false' })
  enabled?: boolean;
}

@ApiSchema({ description: 'May be empty: `{}`.' })
export class RotateSecretDto {
  /** Seconds for which the old secret signs too; 0 ends all old secrets at once. */
  @Optional()
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0)
  @Max(30 * DAY_SECONDS)
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 30 * DAY_SECONDS, default: DAY_SECONDS })
  graceSeconds: number = DAY_SECONDS;
}

export class EndpointDto {
  @ApiProperty({ example: 'whep_019aa3f0-0000-7000-8000-000000000001' })
  id!: string;
  @ApiProperty({ format: 'uri', example: URL_EXAMPLE })
  url!: string;
  @ApiProperty({ enum: ALL_TYPES, isArray: true })
  types!: SubscribedType[];
  @ApiProperty({ type: String, nullable: true })
  description!: string | null;
  @ApiProperty({ enum: ['enabled', 'disabled'] })
  status!: string;
  /** `gone`: it answered 410. `failing`: it could not be reached for five days. */
  @ApiProperty({ enum: DISABLED_REASONS, nullable: true })
  disabledReason!: DisabledReason | null;
  /** Since when it cannot be reached; null: the last attempt reached it. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  failingSince!: string | null;
  /** May be up to ten seconds behind. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastSuccessAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
}

export class NewEndpointDto extends EndpointDto {
  /** Verifies the signatures. It is shown here and never again. */
  @ApiProperty({ example: 'whsec_…' })
  secret!: string;
}

export class EndpointPageDto {
  @ApiProperty({ type: [EndpointDto] })
  data!: EndpointDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

export class SecretDto {
  /** Verifies the signatures from now on. It is shown here and never again. */
  @ApiProperty({ example: 'whsec_…' })
  secret!: string;
}
