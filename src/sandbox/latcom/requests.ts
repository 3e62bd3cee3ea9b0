import { IsNumber, IsString, Length, Matches } from 'class-validator';
import { MayBeAbsent } from '../parse.js';

export class LoginBody {
  @IsString() @Length(1, 200) customer_id: string;
  @IsString() @Length(1, 200) secret_key: string;
}

export class PurchaseBody {
  /** Characters and length are our reading: the document says "string". */
  @Matches(/^[A-Za-z0-9-]{1,50}$/) distributor_transaction_id: string;
  @IsString() phone_number: string;
  @IsString() product_id: string;
  @IsNumber() amount: number;
  @MayBeAbsent() @IsString() operator?: string;
}
