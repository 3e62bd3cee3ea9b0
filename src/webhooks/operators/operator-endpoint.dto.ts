import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { ArrayMinSize, ArrayUnique, IsArray, IsIn, Matches } from 'class-validator';
import { Optional } from '../../api/optional.js';
import { PageQueryDto } from '../../api/pagination.js';
import { CreateEndpointDto, EndpointDto, UpdateEndpointDto } from '../endpoints/endpoint.dto.js';
import { ALL_TYPES } from '../events/event-types.js';
import { OPS_TYPES, type OpsEventType, type SubscribedType } from '../events/gateway-event-types.js';

const TYPES_MESSAGE = `must be a list of event types out of ${OPS_TYPES.join(', ')}`;

export class OperatorEndpointQueryDto extends PageQueryDto {
  /** Only the endpoints of this app. */
  @Optional()
  @Matches(/^app_[0-9a-f-]{36}$/, { message: 'must be an app id (app_…)' })
  @ApiPropertyOptional({ type: String })
  appId?: string;
}

export class CreateOperatorEndpointDto extends OmitType(CreateEndpointDto, ['types']) {
  /** The types of events that it receives. Omitted: all. */
  @Optional()
  @IsArray({ message: TYPES_MESSAGE })
  @IsIn(OPS_TYPES, { each: true, message: TYPES_MESSAGE })
  @ArrayUnique({ message: 'must not name a type twice' })
  @ArrayMinSize(1, { message: 'must name at least one type' })
  @ApiPropertyOptional({ enum: OPS_TYPES, isArray: true, default: OPS_TYPES })
  types?: OpsEventType[];
}

export class UpdateOperatorEndpointDto extends OmitType(UpdateEndpointDto, ['types']) {
  @Optional()
  @IsArray({ message: TYPES_MESSAGE })
  @IsIn(OPS_TYPES, { each: true, message: TYPES_MESSAGE })
  @ArrayUnique({ message: 'must not name a type twice' })
  @ArrayMinSize(1, { message: 'must name at least one type' })
  @ApiPropertyOptional({ enum: OPS_TYPES, isArray: true })
  types?: OpsEventType[];
}

/** An endpoint of an app or of the operators. */
export class OperatorEndpointDto extends OmitType(EndpointDto, ['types']) {
  /** The app that owns it; null: the operators. */
  @ApiProperty({ type: String, nullable: true })
  appId!: string | null;
  @ApiProperty({ enum: [...OPS_TYPES, ...ALL_TYPES], isArray: true })
  types!: SubscribedType[];
}

export class NewOperatorEndpointDto extends OperatorEndpointDto {
  /** Verifies the signatures. It is shown here and never again. */
  @ApiProperty({ example: 'whsec_…' })
  secret!: string;
}

export class OperatorEndpointPageDto {
  @ApiProperty({ type: [OperatorEndpointDto] })
  data!: OperatorEndpointDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
