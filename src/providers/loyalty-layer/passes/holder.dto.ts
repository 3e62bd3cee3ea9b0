import { IsEmail, Length, Matches } from 'class-validator';
import { Optional } from '../../../api/optional.js';
import { IsName } from '../../../api/text-rules.js';

const MAX_NAME = 100;

/** What is optional of a holder. */
class ContactDto {
  /** @example "ana@example.com" */
  @Optional()
  @IsEmail({}, { message: 'must be an e-mail address' })
  @Length(3, 254)
  email?: string;

  /** E.164. */
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

/** What is named is changed; what is left out stays. */
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
