import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsObject, Matches, ValidateNested } from 'class-validator';
import { Optional } from '../../../api/optional.js';
import { IsTextCursor, LimitQueryDto, textOfCursor } from '../../../api/pagination.js';
import { IsLabel } from '../../../api/text-rules.js';
import { PesosDto } from '../pesos.dto.js';
import { ProductDto } from './product.dto.js';

const PRODUCT_ID = /^[A-Za-z0-9][\w.:-]{0,63}$/;
/** Only letters of Western European languages: letters of other alphabets can look the same, but LATCOM would reject them. */
const OPERATOR = /^[A-Za-z0-9À-ÖØ-öø-ÿ](?:[A-Za-z0-9À-ÖØ-öø-ÿ &+.'/-]{0,38}[A-Za-z0-9À-ÖØ-öø-ÿ+.])?$/;
const OPERATOR_MESSAGE =
  "must be 1 to 40 letters (A to Z, with accents), digits, spaces or & + . ' / -, the first a letter or digit";
const MAX_DESCRIPTION = 200;

function IsOperator(): PropertyDecorator {
  return Matches(OPERATOR, { message: OPERATOR_MESSAGE });
}

function IsAmount(): PropertyDecorator {
  return applyDecorators(
    IsObject({ message: 'must be an object' }),
    ValidateNested(),
    Type(() => PesosDto),
  );
}

export class CreateProductDto {
  /** LATCOM's product_id. */
  @Matches(PRODUCT_ID, {
    message: 'must be 1 to 64 letters, digits, dots, colons, underscores or hyphens, the first a letter or digit',
  })
  @ApiProperty({ type: String, minLength: 1, maxLength: 64, example: 'TELCEL_PAQUETE_50' })
  productId!: string;

  @IsLabel(MAX_DESCRIPTION, { example: 'Paquete $50' })
  description!: string;

  /** The carrier, as LATCOM names it; sent with every purchase of the product. */
  @IsOperator()
  @ApiProperty({ type: String, minLength: 1, maxLength: 40, example: 'TELCEL' })
  operator!: string;

  /** Smallest amount. */
  @IsDefined({ message: 'is required' })
  @IsAmount()
  @ApiProperty({ type: PesosDto, example: { value: '50.00', currency: 'MXN' } })
  minAmount!: PesosDto;

  /** Largest amount, at most 50000.00. For a fixed price, the same as `minAmount`. */
  @IsDefined({ message: 'is required' })
  @IsAmount()
  @ApiProperty({ type: PesosDto, example: { value: '50.00', currency: 'MXN' } })
  maxAmount!: PesosDto;
}

export class UpdateProductDto {
  @Optional()
  @IsLabel(MAX_DESCRIPTION, { example: 'Paquete $60', isOptional: true })
  description?: string;

  /** The carrier, as LATCOM names it; sent with every purchase of the product. */
  @Optional()
  @IsOperator()
  @ApiPropertyOptional({ type: String, minLength: 1, maxLength: 40, example: 'TELCEL' })
  operator?: string;

  /** Smallest amount. */
  @Optional()
  @IsAmount()
  @ApiPropertyOptional({ type: PesosDto, example: { value: '60.00', currency: 'MXN' } })
  minAmount?: PesosDto;

  /** Largest amount, at most 50000.00. For a fixed price, the same as `minAmount`. */
  @Optional()
  @IsAmount()
  @ApiPropertyOptional({ type: PesosDto, example: { value: '60.00', currency: 'MXN' } })
  maxAmount?: PesosDto;
}

/** The cursor is a product id, i.e. text. */
export class ProductQueryDto extends LimitQueryDto {
  /** Opaque cursor: the `nextCursor` of the previous page. */
  @Optional()
  @IsTextCursor(PRODUCT_ID)
  @ApiPropertyOptional({ type: String })
  cursor?: string;

  /** The page begins after this product id; null: the first page. */
  get after(): string | null {
    return textOfCursor(this.cursor);
  }
}

export class CatalogProductDto extends ProductDto {
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt!: string;
}

export class ProductPageDto {
  @ApiProperty({ type: [CatalogProductDto] })
  data!: CatalogProductDto[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
