import { type ClassConstructor, Type } from 'class-transformer';
import {
  IsArray,
  ArrayMaxSize,
  ArrayMinSize,
  IsDefined,
  IsEmail,
  IsIn,
  IsObject,
  IsString,
  Length,
  Matches,
  ValidateNested,
} from 'class-validator';
import { type Call, isMediaType } from '../call.js';
import { MayBeAbsent, parseJson } from '../parse.js';
import { invalidRequest } from './errors.js';

/** The largest batch. Assumed: the guide states none. */
const MAX_BATCH = 500;

export class TokenBody {
  @IsString() @Length(1, 200) client_id: string;
  @IsString() @Length(1, 200) client_secret: string;
  @MayBeAbsent() @IsIn(['client_credentials']) grant_type?: string;
}

export class TokenizeBody {
  @IsString() @Length(1, 8192) encrypted_value: string;
  @IsString() @Length(1, 100) plan_id: string;
  @IsString() @Length(1, 50) card_type: string;
}

/** The fields are assumed: the guide says only "holder details". */
class HolderContact {
  @MayBeAbsent() @IsEmail() email?: string;
  @MayBeAbsent() @IsString() @Length(1, 30) phone?: string;
  @MayBeAbsent() @Matches(/^[A-Z]{2}$/) country?: string;
}

export class HolderBody extends HolderContact {
  @IsString() @Length(1, 100) first_name: string;
  @IsString() @Length(1, 100) last_name: string;
}

export class HolderChange extends HolderContact {
  @MayBeAbsent() @IsString() @Length(1, 100) first_name?: string;
  @MayBeAbsent() @IsString() @Length(1, 100) last_name?: string;
}

export class CreateBody {
  @IsString() @Length(1, 100) plan_id: string;
  @MayBeAbsent() @IsString() @Length(1, 512) enrol_token?: string;
  @IsDefined() @IsObject() @ValidateNested() @Type(() => HolderBody) holder: HolderBody;
}

/** Each element is read by itself, as a `CreateBody`: a bad item does not refuse the others. */
export class BatchBody {
  @IsArray() @ArrayMinSize(1) @ArrayMaxSize(MAX_BATCH) passes: unknown[];
}

export class PassIdBody {
  @IsString() @Length(1, 100) pass_id: string;
}

export class UpdateBody extends PassIdBody {
  @IsDefined() @IsObject() @ValidateNested() @Type(() => HolderChange) holder: HolderChange;
}

export function readBody<T extends object>(type: ClassConstructor<T>, call: Call): T {
  if (!isMediaType(call, 'application/json')) throw invalidRequest({ 'content-type': 'must be application/json' });
  const parsed = parseJson(type, call.body);
  if (!parsed.ok) throw invalidRequest(parsed.problems);
  return parsed.value;
}
