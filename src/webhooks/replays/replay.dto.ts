import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMinSize, ArrayUnique, IsArray, IsBoolean, IsIn } from 'class-validator';
import { Optional } from '../../api/optional.js';
import { IsDateTime } from '../../operations/http/field.validators.js';
import { ALL_TYPES, type EventType } from '../events/event-types.js';
import { REPLAY_STATUSES, type ReplayStatus } from './replay.js';

const TYPES_MESSAGE = `must be a list of event types out of ${ALL_TYPES.join(', ')}`;

export class ReplayRequestDto {
  /** Events at or after this time. */
  @IsDateTime()
  @ApiProperty({ format: 'date-time', example: '2026-11-20T00:00:00Z' })
  from!: string;

  /** Events before this time. Omitted: now. */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  to?: string;

  /** Only these types. Omitted: those of the endpoint. */
  @Optional()
  @IsArray({ message: TYPES_MESSAGE })
  @IsIn(ALL_TYPES, { each: true, message: TYPES_MESSAGE })
  @ArrayUnique({ message: 'must not name a type twice' })
  @ArrayMinSize(1, { message: 'must name at least one type' })
  @ApiPropertyOptional({ enum: ALL_TYPES, isArray: true })
  types?: EventType[];

  /** `true`: without events that this endpoint has received in the last 30 days. `false`: also those. */
  @Optional()
  @IsBoolean({ message: 'must be true or false' })
  onlyMissing: boolean = true;
}

export class ReplayDto {
  @ApiProperty({ example: 'rpl_019aa3f0-0000-7000-8000-000000000003' })
  id!: string;
  @ApiProperty({ example: 'whep_019aa3f0-0000-7000-8000-000000000001' })
  endpointId!: string;
  /** `completed`: all is queued. `stopped`: the endpoint was disabled before. */
  @ApiProperty({ enum: REPLAY_STATUSES })
  status!: ReplayStatus;
  @ApiProperty({ type: String, format: 'date-time' })
  from!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  to!: string;
  @ApiProperty({ enum: ALL_TYPES, isArray: true })
  types!: EventType[];
  onlyMissing!: boolean;
  /** Events of the period and the types, counted before any was queued. */
  @ApiProperty({ type: 'integer' })
  counted!: number;
  /** Deliveries that were queued so far. Those that need no replay are left out. */
  @ApiProperty({ type: 'integer' })
  queued!: number;
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completedAt!: string | null;
}
