import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { IsDocument, IsFfn, type MemberDocumentDto } from './member.dto.js';
import { MEMBER_SCOPES, type MemberScope } from './member-search.mapping.js';

/** A request that works as it stands. */
export const SEARCH_EXAMPLE = { ffn: '01234567890', scopes: ['member-status', 'member-tier'] };

/** Whom to look for: `ffn`, or a complete `document`, or both (then a document helps where the ffn is not found). */
export class SearchMemberDto {
  @IsFfn({ required: false })
  ffn?: string;

  @IsDocument()
  document?: MemberDocumentDto;

  @AreScopes()
  scopes!: MemberScope[];
}

function AreScopes(): PropertyDecorator {
  return applyDecorators(
    ValidateBy({
      name: 'areScopes',
      validator: {
        validate: areScopes,
        defaultMessage: () => `must be a list of at least one of ${MEMBER_SCOPES.join(', ')}, each at most once`,
      },
    }),
    ApiProperty({
      enum: MEMBER_SCOPES,
      isArray: true,
      minItems: 1,
      uniqueItems: true,
      description: 'The attributes to request. Request as few as possible: the response is personal data.',
      example: SEARCH_EXAMPLE.scopes,
    }),
  );
}

function areScopes(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || new Set(value).size !== value.length) return false;
  return value.every((scope) => MEMBER_SCOPES.some((known) => known === scope));
}
