import { Optional } from '../../../api/optional.js';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsDefined, IsObject, IsString, ValidateNested } from 'class-validator';
import { IsDateTime, IsMetadata, IsReference } from '../../../operations/http/field.validators.js';
import { PesosDto } from '../pesos.dto.js';

export class CreateTopupDto {
  @IsReference()
  reference!: string;

  /**
   * Ten digits, or E.164 with +52.
   * @example "5537686660"
   */
  @IsString({ message: 'must be a string' })
  phoneNumber!: string;

  /**
   * From `GET /v1/topups/products`.
   * @example "MOVISTAR_TAE"
   */
  @IsString({ message: 'must be a string' })
  productId!: string;

  /** Within the limits of the product; for a fixed price, that price. */
  @IsDefined({ message: 'is required' })
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => PesosDto)
  amount!: PesosDto;

  /** The carrier. If given, it must be that of the product. */
  @Optional()
  @IsString({ message: 'must be a string' })
  @ApiPropertyOptional({ type: String, example: 'MOVISTAR' })
  operator?: string;

  @IsMetadata()
  metadata?: Record<string, string>;

  /** Buy even if the same phone, product and amount were requested within the last ten minutes. */
  @Optional()
  @IsBoolean({ message: 'must be true or false' })
  allowDuplicate?: boolean;

  /** Latest time to send the purchase (RFC 3339, at most 24 hours ahead). Default: two minutes from now. */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time', example: undefined })
  expiresAt?: string;
}

export class TopupProblemDto {
  /**
   * JSON pointer into the body.
   * @example "/amount/value"
   */
  pointer!: string;
  /** @example "must be 30.00 for MOVISTAR_PAQUETE_16" */
  message!: string;
}

export class TopupValidationDto {
  /** Whether the top-up would be accepted now. */
  valid!: boolean;
  /** Reasons for a rejection; empty if valid. */
  @ApiProperty({ type: [TopupProblemDto] })
  problems!: TopupProblemDto[];
}

/** A valid request, shown in Swagger UI. */
export const TOPUP_EXAMPLE = {
  reference: 'TOPUP-2025-000123',
  phoneNumber: '5537686660',
  productId: 'MOVISTAR_TAE',
  amount: { value: '10.00', currency: 'MXN' },
};
