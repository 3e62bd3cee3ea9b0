import { IsIn, IsInt, IsNumber, IsString, Length, Matches, Max, Min } from 'class-validator';
import { MayBeAbsent } from './parse.js';
import { type Provider, PROVIDERS } from './call.js';
import { FAULT_KINDS, type FaultKind } from './faults.js';

export class FaultBody {
  @IsIn(PROVIDERS) provider: Provider;
  @IsString() operation: string;
  @IsIn(FAULT_KINDS) fault: FaultKind;
  @MayBeAbsent() @IsInt() @Min(1) times?: number;
  @MayBeAbsent() @IsNumber() @Min(0) @Max(1) probability?: number;
  @MayBeAbsent() @IsInt() @Min(0) seed?: number;
  @MayBeAbsent() @IsInt() @Min(0) @Max(600_000) delayMs?: number;
}

/** A product that LATCOM is to sell; equal amounts are a fixed price. */
export class ProductBody {
  @Matches(/^\S{1,64}$/) productId: string;
  @IsString() @Length(1, 40) operator: string;
  @IsInt() @Min(1) minPesos: number;
  @IsInt() @Min(1) maxPesos: number;
}

export class FloatBody {
  @Matches(/^\d{1,12}\.\d{2}$/) usd: string;
}
