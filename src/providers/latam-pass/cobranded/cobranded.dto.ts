import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsEmail, IsObject, Length, Matches, ValidateBy, ValidateNested } from 'class-validator';
import { Optional } from '../../../api/optional.js';
import { isLongerThan } from '../../../api/text-rules.js';
import { IsReference } from '../../../operations/http/field.validators.js';
import { faultOfLabel } from '../../../readers/user-text.js';
import { IsDocument, IsFfn, type MemberDocumentDto } from '../members/member.dto.js';
import { isRecord } from '../../../readers/json.js';

const MAX_CARD_MEMBERS = 20;
const MAX_CARD_VALUE = 100;
/** Names are not masked, so they must look like names and not like values. */
const CARD_NAME = /^\p{L}[\p{L}\p{N} _.-]{0,39}$/u;

const EXAMPLE_CARD = { product: 'GOLD', lastDigits: '1234' };

/** The member who gets the benefits. `ffn` is required: ending the benefits needs it too. */
export class CobrandedMemberDto {
  @IsFfn({ required: true })
  ffn!: string;

  @IsDocument()
  document?: MemberDocumentDto;

  @Optional()
  @IsEmail({}, { message: 'must be an e-mail address' })
  @Length(3, 254)
  email?: string;
}

export class StartCobrandedDto {
  @IsReference()
  reference!: string;

  @IsDefined({ message: 'is required' })
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => CobrandedMemberDto)
  member!: CobrandedMemberDto;

  @IsCard()
  card!: Record<string, string>;

  /**
   * The bank that issues the card. Default: that of the gateway.
   * @example "DEMO-BANK"
   */
  @Optional()
  @IsBank()
  issueBank?: string;
}

export class EndCobrandedDto {
  @IsReference()
  reference!: string;

  @IsFfn({ required: true })
  ffn!: string;

  @IsCard()
  card!: Record<string, string>;

  /**
   * The bank that issues the card. Default: that of the gateway.
   * @example "DEMO-BANK"
   */
  @Optional()
  @IsBank()
  issueBank?: string;
}

/** Two valid requests, to be sent in this order. */
export const START_EXAMPLE = {
  reference: 'CARD-2025-000123',
  member: { ffn: '01234567890' },
  card: EXAMPLE_CARD,
};
export const END_EXAMPLE = { reference: 'CARD-2025-000123-END', ffn: '01234567890', card: EXAMPLE_CARD };

/** It is sent as a header, hence printable ASCII. */
function IsBank(): PropertyDecorator {
  return Matches(/^[\x21-\x7e](?:[\x20-\x7e]{0,48}[\x21-\x7e])?$/, {
    message: 'must be 1 to 50 printable ASCII characters without a space at either end',
  });
}

/** Values that identify the card to the bank and LATAM Pass. Never its number, security code or expiry date. */
function IsCard(): PropertyDecorator {
  return applyDecorators(
    ValidateBy({
      name: 'isCard',
      validator: {
        validate: isCard,
        defaultMessage: () =>
          `must be an object of 1 to ${MAX_CARD_MEMBERS} strings. Names: at most 40 letters, digits, spaces, dots, hyphens ` +
          `or underscores, the first a letter. Values: at most ${MAX_CARD_VALUE} visible characters without surrounding blanks`,
      },
    }),
    ApiProperty({
      type: 'object',
      additionalProperties: { type: 'string', maxLength: MAX_CARD_VALUE },
      description:
        'Values that identify the card, as agreed between LATAM Pass and the bank. Never its number, security code or expiry date.',
      example: EXAMPLE_CARD,
    }),
  );
}

function isCard(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const members = Object.entries(value);
  if (members.length === 0 || members.length > MAX_CARD_MEMBERS) return false;
  return members.every(([name, text]) => CARD_NAME.test(name) && typeof text === 'string' && isCardValue(text));
}

/** A value may be empty. */
function isCardValue(text: string): boolean {
  return text === '' || (!isLongerThan(text, MAX_CARD_VALUE) && faultOfLabel(text) === null);
}
