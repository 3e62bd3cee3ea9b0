import { type ClassConstructor } from 'class-transformer';
import { IsInt, IsNumber, IsString, Length, Matches, Min } from 'class-validator';
import { type Call, isMediaType } from '../call.js';
import { MayBeAbsent, parseJson } from '../parse.js';
import { badRequest } from './errors.js';

export class LoginBody {
  @IsString() @Length(1, 200) customer_id: string;
  @IsString() @Length(1, 200) secret_key: string;
}

export class PurchaseBody {
  /** Characters and length are assumed: the document says "string". */
  @Matches(/^[A-Za-z0-9-]{1,50}$/) distributor_transaction_id: string;
  @IsString() phone_number: string;
  @IsString() product_id: string;
  @IsNumber() amount: number;
  @MayBeAbsent() @IsString() operator?: string;
}

/** A request of the control API: a product to sell. Equal amounts are a fixed price. */
export class ProductBody {
  @Matches(/^\S{1,64}$/) productId: string;
  @IsString() @Length(1, 40) operator: string;
  @IsInt() @Min(1) minPesos: number;
  @IsInt() @Min(1) maxPesos: number;
}

/** A request of the control API: the new balance, in US dollars. */
export class FloatBody {
  @Matches(/^\d{1,12}\.\d{2}$/) usd: string;
}

export function readBody<T extends object>(type: ClassConstructor<T>, call: Call): T {
  if (!isMediaType(call, 'application/json')) throw badRequest('Content-Type must be application/json');
  const parsed = parseJson(type, call.body);
  if (!parsed.ok) throw badRequest(Object.values(parsed.problems).join('; '));
  return parsed.value;
}
