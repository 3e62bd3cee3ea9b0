import { IsEmail, Length, Matches } from 'class-validator';
import { Optional } from '../../api/optional.js';

const NAME = /^[^\p{Cc}]{1,100}$/u;
const NAME_RULE = { message: 'must be a string of 1 to 100 characters without control characters' };

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
  @Matches(NAME, NAME_RULE)
  firstName!: string;

  /** @example "Souza" */
  @Matches(NAME, NAME_RULE)
  lastName!: string;
}

/** What is named is changed; what is left out stays. */
export class HolderChangeDto extends ContactDto {
  /** @example "Ana" */
  @Optional()
  @Matches(NAME, NAME_RULE)
  firstName?: string;

  /** @example "Souza" */
  @Optional()
  @Matches(NAME, NAME_RULE)
  lastName?: string;
}
