import { Type } from 'class-transformer';
import { IsEmail, IsIn, IsObject, Length, Matches, ValidateNested } from 'class-validator';
import { Optional } from '../../api/optional.js';
import { IsMetadata } from '../../operations/fields.js';
import { COUNTRY, COUNTRY_RULE, NAME, NAME_RULE, PHONE, PHONE_RULE } from './pass.dto.js';

/** What is named is changed; what is left out stays. */
export class HolderChangeDto {
  /** @example "Ana" */
  @Optional()
  @Matches(NAME, NAME_RULE)
  firstName?: string;

  /** @example "Souza" */
  @Optional()
  @Matches(NAME, NAME_RULE)
  lastName?: string;

  /** @example "ana@example.com" */
  @Optional()
  @IsEmail({}, { message: 'must be an e-mail address' })
  @Length(3, 254)
  email?: string;

  /** E.164. */
  @Optional()
  @Matches(PHONE, PHONE_RULE)
  phone?: string;

  /**
   * ISO 3166-1 alpha-2.
   * @example "BR"
   */
  @Optional()
  @Matches(COUNTRY, COUNTRY_RULE)
  country?: string;
}

export class UpdatePassDto {
  @Optional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => HolderChangeDto)
  holder?: HolderChangeDto;

  /** Replaces the pass's metadata. */
  @IsMetadata()
  metadata?: Record<string, string>;
}

export class PassQueryDto {
  /** `true`: LoyaltyLayer is asked first. */
  @Optional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  refresh?: string;
}

/** A request that works as it stands. */
export const PASS_UPDATE_EXAMPLE = { holder: { email: 'ana.souza@example.com' }, metadata: { channel: 'app' } };
