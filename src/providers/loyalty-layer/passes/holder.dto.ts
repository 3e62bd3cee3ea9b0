import { IsEmail, Length, Matches } from 'class-validator';
import { Optional } from '../../../api/optional.js';
import { IsName } from '../../../api/text-rules.js';

const MAX_NAME = 100;

/** The optional members of a holder. */
class ContactDto {
  /** @example "ana@example.com" */
  @Optional()
  @IsEmail({}, { message: 'must be an e-mail address' })
  @Length(3, 254)
  email?: string;

  /** In E.164 format. */
  @Optional()
  @Matches(/^\+[1-9][0-9]{6,14}$/, { message: 'must be an E.164 phone number, e.g. +5511987654321' })
  phone?: string;

  /**
   * ISO 3166-1 alpha-2.
   * @example "BR"
   */
  @Optional()
  @Matches(/^[A-Z]{2}$/, { message: 'must be two capital letters (ISO 3166-1)' })
  country?: string;
}

export class HolderDto extends ContactDto {
  /** @example "Ana" */
  @IsName(MAX_NAME)
  firstName!: string;

  /** @example "Souza" */
  @IsName(MAX_NAME)
  lastName!: string;
}

/** Changes to a holder. Omitted members keep their values. */
export class HolderChangeDto extends ContactDto {
  /** @example "Ana" */
  @Optional()
  @IsName(MAX_NAME, { isOptional: true })
  firstName?: string;

  /** @example "Souza" */
  @Optional()
  @IsName(MAX_NAME, { isOptional: true })
  lastName?: string;
}
