import { Type } from 'class-transformer';
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
import { MayBeAbsent } from '../parse.js';

/** The largest batch; the guide states none. */
export const MAX_BATCH = 500;

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

/** The guide says "holder details" and no more: the fields are assumed. */
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

/** Each element is read on its own, as a `CreateBody`: one bad item does not refuse the others. */
export class BatchBody {
  @IsArray() @ArrayMinSize(1) @ArrayMaxSize(MAX_BATCH) passes: unknown[];
}

export class PassIdBody {
  @IsString() @Length(1, 100) pass_id: string;
}

export class UpdateBody extends PassIdBody {
  @IsDefined() @IsObject() @ValidateNested() @Type(() => HolderChange) holder: HolderChange;
}
