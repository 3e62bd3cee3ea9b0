import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Length, Matches } from 'class-validator';
import { Optional } from '../../api/optional.js';
import { OPERATOR_NAME, ROLES, type Role } from '../caller.js';

const MIN_PASSWORD = 12;
const MAX_PASSWORD = 256;
const PASSWORD_EXAMPLE = 'three-unrelated-words';
const PASSWORD_MESSAGE = `must be a string of ${MIN_PASSWORD} to ${MAX_PASSWORD} characters`;
/** HTTP Basic cannot transport control characters (RFC 7617). */
const TRANSPORTABLE = /^[^\p{Cc}]*$/u;
const TRANSPORTABLE_MESSAGE = 'must not contain control characters';

export class CreateOperatorDto {
  @Matches(OPERATOR_NAME, {
    message: 'must be 1 to 64 letters, digits, dots, hyphens, underscores or @, and not begin with key_',
  })
  @ApiProperty({ type: String, minLength: 1, maxLength: 64, example: 'ana.lopez' })
  username!: string;

  @Length(MIN_PASSWORD, MAX_PASSWORD, { message: PASSWORD_MESSAGE })
  @Matches(TRANSPORTABLE, { message: TRANSPORTABLE_MESSAGE })
  @ApiProperty({
    type: String,
    format: 'password',
    minLength: MIN_PASSWORD,
    maxLength: MAX_PASSWORD,
    example: PASSWORD_EXAMPLE,
  })
  password!: string;

  @IsIn(ROLES, { message: `must be one of ${ROLES.join(', ')}` })
  @ApiProperty({ enum: ROLES, example: 'operator' })
  role!: Role;
}

export class UpdateOperatorDto {
  @Optional()
  @IsIn(ROLES, { message: `must be one of ${ROLES.join(', ')}` })
  @ApiPropertyOptional({ enum: ROLES, example: 'viewer' })
  role?: Role;

  /** A new password. */
  @Optional()
  @Length(MIN_PASSWORD, MAX_PASSWORD, { message: PASSWORD_MESSAGE })
  @Matches(TRANSPORTABLE, { message: TRANSPORTABLE_MESSAGE })
  @ApiPropertyOptional({
    type: String,
    format: 'password',
    minLength: MIN_PASSWORD,
    maxLength: MAX_PASSWORD,
    example: PASSWORD_EXAMPLE,
  })
  password?: string;
}

export class ChangePasswordDto {
  @Length(1, MAX_PASSWORD, { message: `must be a string of 1 to ${MAX_PASSWORD} characters` })
  @ApiProperty({ type: String, format: 'password', minLength: 1, maxLength: MAX_PASSWORD })
  currentPassword!: string;

  @Length(MIN_PASSWORD, MAX_PASSWORD, { message: PASSWORD_MESSAGE })
  @Matches(TRANSPORTABLE, { message: TRANSPORTABLE_MESSAGE })
  @ApiProperty({
    type: String,
    format: 'password',
    minLength: MIN_PASSWORD,
    maxLength: MAX_PASSWORD,
    example: PASSWORD_EXAMPLE,
  })
  newPassword!: string;
}

export class OperatorDto {
  @ApiProperty({ example: 'opr_019aa3f0-0000-7000-8000-000000000003' })
  id!: string;
  @ApiProperty({ example: 'ana.lopez' })
  username!: string;
  @ApiProperty({ enum: ROLES })
  role!: Role;
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt!: string;
}

export class OperatorPageDto {
  @ApiProperty({ type: [OperatorDto] })
  data!: OperatorDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
