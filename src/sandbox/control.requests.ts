import { IsIn, IsInt, IsNumber, IsString, Matches, Max, Min } from 'class-validator';
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

export class FloatBody {
  @Matches(/^\d{1,12}\.\d{2}$/) usd: string;
}
