import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { IsDocument, IsFfn, type MemberDocumentDto } from './member.dto.js';
import { MEMBER_SCOPES, type MemberScope } from './member-search.mapping.js';

/** A valid request, shown in Swagger UI. */
export const SEARCH_EXAMPLE = { ffn: '01234567890', scopes: ['member-status', 'member-tier'] };

/** The member: `ffn`, or a complete `document`, or both. With both, LATAM Pass uses the document if it does not find the ffn. */
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
