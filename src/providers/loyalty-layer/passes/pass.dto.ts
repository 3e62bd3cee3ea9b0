import { Type } from 'class-transformer';
import { IsDefined, IsObject, Matches, ValidateNested } from 'class-validator';
import { Optional } from '../../../api/optional.js';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { JsonObject } from '../../../ledger/model/transaction.js';
import { IsMetadata, IsReference } from '../../../operations/http/field.validators.js';
import { HolderDto } from './holder.dto.js';

export class CreatePassDto {
  @IsReference()
  reference!: string;

  /**
   * A plan that LoyaltyLayer has assigned to you.
   * @example "LOUNGE-BASIC"
   */
  @Matches(/^[\w.:-]{1,100}$/, { message: 'must be 1 to 100 letters, digits, dots, colons, underscores or hyphens' })
  planId!: string;

  /** The `enrolToken` of a tokenized card. Required if the plan demands it. */
  @Optional()
  @Matches(/^[\x21-\x7e]{1,4096}$/, { message: 'must be 1 to 4096 printable ASCII characters without spaces' })
  enrolToken?: string;

  @IsDefined({ message: 'is required' })
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => HolderDto)
  holder!: HolderDto;

  @IsMetadata()
  metadata?: Record<string, string>;
}

/** A pass. It outlives the transactions that change it. */
export class PassDto {
  /** @example "pass_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11" */
  id!: string;
  @ApiProperty({ enum: ['pending', 'active', 'canceled', 'expired', 'unknown'] })
  status!: string;
  /** @example "LOUNGE-BASIC" */
  planId!: string;
  /** Text to show as a QR code. A bearer entitlement, visible to the owning app only. */
  @ApiPropertyOptional({ type: String, nullable: true })
  qrData?: string | null;
  /** Other data from the provider, e.g. an eSIM's activation code. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  data?: JsonObject;
  @ApiProperty({ type: 'object', additionalProperties: true })
  metadata!: JsonObject;
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt!: string;
}

export class PassPageDto {
  @ApiProperty({ type: [PassDto] })
  data!: PassDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

/** A valid request, shown in Swagger UI. */
export const PASS_EXAMPLE = {
  reference: 'PASS-2025-000123',
  planId: 'LOUNGE-BASIC',
  holder: { firstName: 'Ana', lastName: 'Souza', email: 'ana@example.com', country: 'BR' },
};
