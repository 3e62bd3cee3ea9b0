import { type ClassConstructor, Type } from 'class-transformer';
import {
  IsDefined,
  IsEmail,
  IsInt,
  IsObject,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { type Call, isMediaType } from '../call.js';
import { MayBeAbsent, parseJson } from '../parse.js';
import { invalidContent } from './errors.js';

const FFN = /^[0-9A-Za-z]{1,20}$/;

/** An identity document, complete or absent. */
export class DocumentBody {
  @IsString() @Length(1, 30) documentId: string;
  @IsString() @Length(1, 20) documentType: string;
  @Matches(/^[A-Z]{2}$/) issueCountryCode: string;
}

export class SearchBody {
  @MayBeAbsent() @Matches(FFN) ffn?: string;
  @MayBeAbsent() @IsObject() @ValidateNested() @Type(() => DocumentBody) document?: DocumentBody;
}

export class MemberBody extends SearchBody {
  @MayBeAbsent() @IsEmail() email?: string;
}

export class PartnerBody {
  @IsString() @Length(1, 30) partnerId: string;
  @IsString() @Length(1, 30) productId: string;
  @IsString() @Length(1, 50) partnerAccrualId: string;
  @IsString() @Length(1, 50) partnerTransactionId: string;
  /** `yyyy-MM-dd'T'HH:mm:ss.SSSXXX` ("Quick Start", 3.1). */
  @Matches(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}(?:Z|[+-]\d{2}:\d{2})$/) partnerOriginalDateTime: string;
}

/** Accrual v2. The documents name the fields of `partner`; the nesting and the rest are assumed. */
export class AccrualBody {
  @IsDefined() @IsObject() @ValidateNested() @Type(() => MemberBody) member: MemberBody;
  @IsDefined() @IsObject() @ValidateNested() @Type(() => PartnerBody) partner: PartnerBody;
  @IsInt() @Min(1) @Max(1_000_000_000) points: number;
  @MayBeAbsent() @IsString() @Length(0, 255) description?: string;
}

/** Starts the benefits of a cobranded card. */
export class CobrandedBody {
  @IsDefined() @IsObject() @ValidateNested() @Type(() => MemberBody) member: MemberBody;
  @IsObject() card: Record<string, unknown>;
}

/** Ends the benefits of a cobranded card. */
export class CobrandedEndBody {
  @Matches(FFN) ffn: string;
  @IsObject() card: Record<string, unknown>;
}

export function readBody<T extends object>(type: ClassConstructor<T>, call: Call): T {
  if (!isMediaType(call, 'application/json')) throw invalidContent({ 'content-type': 'must be application/json' });
  const parsed = parseJson(type, call.body);
  if (!parsed.ok) throw invalidContent(parsed.problems);
  return parsed.value;
}
