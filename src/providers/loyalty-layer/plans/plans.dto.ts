import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, Matches } from 'class-validator';
import { Optional } from '../../../api/optional.js';
import { IsTextCursor, LimitQueryDto } from '../../../api/pagination.js';
import { PLAN_KINDS, type PlanKind } from './plan.entity.js';

const PLAN_ID = /^[\w.:-]{1,100}$/;
const KIND_MESSAGE = `must be one of ${PLAN_KINDS.join(', ')}`;

export class CreatePlanDto {
  /** LoyaltyLayer's plan_id. */
  @Matches(PLAN_ID, { message: 'must be 1 to 100 letters, digits, dots, colons, underscores or hyphens' })
  @ApiProperty({ type: String, minLength: 1, maxLength: 100, example: 'PP-LOUNGE' })
  planId!: string;

  @IsIn(PLAN_KINDS, { message: KIND_MESSAGE })
  @ApiProperty({ enum: PLAN_KINDS, example: 'lounge' })
  kind!: PlanKind;

  /** Whether a pass of this plan requires an `enrolToken`, i.e. a tokenized card. */
  @IsBoolean({ message: 'must be true or false' })
  @ApiProperty({ type: Boolean, example: true })
  enrolTokenRequired!: boolean;
}

export class UpdatePlanDto {
  @Optional()
  @IsIn(PLAN_KINDS, { message: KIND_MESSAGE })
  @ApiPropertyOptional({ enum: PLAN_KINDS, example: 'lounge' })
  kind?: PlanKind;

  @Optional()
  @IsBoolean({ message: 'must be true or false' })
  @ApiPropertyOptional({ type: Boolean, example: true })
  enrolTokenRequired?: boolean;
}

/** The cursor is a plan id, i.e. text. */
export class PlanQueryDto extends LimitQueryDto {
  /** Opaque cursor: the `nextCursor` of the previous page. */
  @Optional()
  @IsTextCursor(PLAN_ID)
  @ApiPropertyOptional({ type: String })
  cursor?: string;
}

export class PlanDto {
  @ApiProperty({ example: 'PP-LOUNGE' })
  planId!: string;
  @ApiProperty({ enum: PLAN_KINDS })
  kind!: PlanKind;
  @ApiProperty({ type: Boolean })
  enrolTokenRequired!: boolean;
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt!: string;
}

export class PlanPageDto {
  @ApiProperty({ type: [PlanDto] })
  data!: PlanDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
