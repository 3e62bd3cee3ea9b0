import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { ArrayMinSize, ArrayUnique, IsArray, IsIn, IsInt, Matches, Max, Min } from 'class-validator';
import { Clearable, Optional } from '../../api/optional.js';
import { IsLabel } from '../../api/text-rules.js';
import { SCOPES, type Scope } from '../caller.js';

const MAX_NAME = 100;
const PRODUCT_ID = /^[\w.-]{1,50}$/;
const PRODUCT_ID_MESSAGE = 'must be 1 to 50 letters, digits, dots, underscores or hyphens';
const SCOPES_MESSAGE = `must be a list of scopes out of ${SCOPES.join(', ')}`;
const MAX_HOLD_DAYS = 400;
const MAX_RATE_LIMIT = 10_000_000;
const DAY_SECONDS = 86_400;

class AppSettingsDto {
  /** Product id of accruals that name none; null: the gateway's default. */
  @Clearable()
  @Matches(PRODUCT_ID, { message: PRODUCT_ID_MESSAGE })
  @ApiPropertyOptional({ type: String, nullable: true, example: '001' })
  productId?: string | null;

  /** Days to hold an accrual when the request names no release time; null: none. */
  @Clearable()
  @IsInt({ message: 'must be a whole number' })
  @Min(1)
  @Max(MAX_HOLD_DAYS)
  @ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 1, maximum: MAX_HOLD_DAYS, example: null })
  defaultHoldDays?: number | null;

  /** Requests per minute; null: the gateway's default. */
  @Clearable()
  @IsInt({ message: 'must be a whole number' })
  @Min(1)
  @Max(MAX_RATE_LIMIT)
  @ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 1, maximum: MAX_RATE_LIMIT, example: null })
  rateLimitPerMinute?: number | null;
}

export class CreateAppDto extends AppSettingsDto {
  @IsLabel(MAX_NAME, { example: 'Hotel Sol' })
  name!: string;

  /** Scopes: the operations that the app may use. */
  @IsArray({ message: SCOPES_MESSAGE })
  @IsIn(SCOPES, { each: true, message: SCOPES_MESSAGE })
  @ArrayUnique({ message: 'must not name a scope twice' })
  @ArrayMinSize(1, { message: 'must name at least one scope' })
  @ApiProperty({ enum: SCOPES, isArray: true, example: ['accruals', 'transactions:read'] })
  scopes!: Scope[];
}

export class UpdateAppDto extends AppSettingsDto {
  @Optional()
  @IsLabel(MAX_NAME, { example: 'Hotel Sol', isOptional: true })
  name?: string;

  @Optional()
  @IsArray({ message: SCOPES_MESSAGE })
  @IsIn(SCOPES, { each: true, message: SCOPES_MESSAGE })
  @ArrayUnique({ message: 'must not name a scope twice' })
  @ArrayMinSize(1, { message: 'must name at least one scope' })
  @ApiPropertyOptional({ enum: SCOPES, isArray: true, example: ['accruals', 'transactions:read'] })
  scopes?: Scope[];
}

export class AppDto {
  @ApiProperty({ example: 'app_019aa3f0-0000-7000-8000-000000000001' })
  id!: string;
  @ApiProperty({ example: 'Hotel Sol' })
  name!: string;
  @ApiProperty({ enum: SCOPES, isArray: true })
  scopes!: string[];
  @ApiProperty({ type: String, nullable: true })
  productId!: string | null;
  @ApiProperty({ type: 'integer', nullable: true })
  defaultHoldDays!: number | null;
  @ApiProperty({ type: 'integer', nullable: true })
  rateLimitPerMinute!: number | null;
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt!: string;
}

export class AppPageDto {
  @ApiProperty({ type: [AppDto] })
  data!: AppDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

@ApiSchema({ description: 'Has no members: send `{}`.' })
export class CreateKeyDto {}

export class RotateKeyDto {
  /** Seconds that the old key stays valid; 0 revokes it at once. */
  @Optional()
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(0)
  @Max(30 * DAY_SECONDS)
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 30 * DAY_SECONDS, default: DAY_SECONDS })
  graceSeconds?: number;
}

/** A new credential. The secret is shown here and never again. */
export class NewKeyDto {
  /** The user name for HTTP Basic. */
  @ApiProperty({ example: 'key_019aa3f0-0000-7000-8000-000000000002' })
  keyId!: string;
  /** The password for HTTP Basic. */
  @ApiProperty({ example: 'lgs_…' })
  secret!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
}

export class KeyDto {
  @ApiProperty({ example: 'key_019aa3f0-0000-7000-8000-000000000002' })
  keyId!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
  /** Expiry time after a rotation; null: no expiry. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revokedAt!: string | null;
}

export class KeyPageDto {
  @ApiProperty({ type: [KeyDto] })
  data!: KeyDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

/** The new credential, and the old one with its expiry time. */
export class RotatedKeyDto extends NewKeyDto {
  @ApiProperty({ type: KeyDto })
  replaced!: KeyDto;
}
