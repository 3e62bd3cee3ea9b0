import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsEmail, IsObject, Length, Matches, ValidateNested } from 'class-validator';
import { Optional } from '../../../api/optional.js';

/** A string, because leading zeros count. */
export function IsFfn({ required }: { readonly required: boolean }): PropertyDecorator {
  const pattern = Matches(/^[A-Za-z0-9]{1,30}$/, { message: 'must be a string of 1 to 30 letters or digits' });
  const description = 'LATAM Pass member number. A string, because leading zeros count.';
  return required
    ? applyDecorators(pattern, ApiProperty({ type: String, description, example: '01234567890' }))
    : applyDecorators(Optional(), pattern, ApiPropertyOptional({ type: String, description, example: '01234567890' }));
}

export class MemberDocumentDto {
  /**
   * A string, because leading zeros count.
   * @example "01234567890"
   */
  @Matches(/^[A-Za-z0-9./-]{1,30}$/, { message: 'must be 1 to 30 letters, digits, dots, slashes or hyphens' })
  documentId!: string;

  /** @example "CPF" */
  @Matches(/^[A-Za-z0-9_]{1,20}$/, { message: 'must be 1 to 20 letters, digits or underscores' })
  documentType!: string;

  /**
   * ISO 3166-1 alpha-2.
   * @example "BR"
   */
  @Matches(/^[A-Z]{2}$/, { message: 'must be two capital letters (ISO 3166-1)' })
  issueCountryCode!: string;
}

/** Optional, but complete if present. */
export function IsDocument(): PropertyDecorator {
  return applyDecorators(
    Optional(),
    IsObject({ message: 'must be an object' }),
    ValidateNested(),
    Type(() => MemberDocumentDto),
    ApiPropertyOptional({ type: MemberDocumentDto, example: undefined }),
  );
}

/** The member: `ffn`, or a complete `document`, or both. With both, LATAM Pass uses the document if it does not find the ffn. */
export class MemberDto {
  @IsFfn({ required: false })
  ffn?: string;

  @IsDocument()
  document?: MemberDocumentDto;

  @Optional()
  @IsEmail({}, { message: 'must be an e-mail address' })
  @Length(3, 254)
  email?: string;
}
