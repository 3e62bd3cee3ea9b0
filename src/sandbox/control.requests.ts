import { IsIn, IsInt, IsNumber, IsString, Max, Min } from 'class-validator';
import { FAULT_KINDS, type FaultKind } from './faults.js';
import { MayBeAbsent } from './parse.js';
import { PROVIDER_NAMES } from './providers.js';

export class FaultBody {
  @IsIn(PROVIDER_NAMES) provider: string;
  @IsString() operation: string;
  @IsIn(FAULT_KINDS) fault: FaultKind;
  @MayBeAbsent() @IsInt() @Min(1) times?: number;
  @MayBeAbsent() @IsNumber() @Min(0) @Max(1) probability?: number;
  @MayBeAbsent() @IsInt() @Min(0) seed?: number;
  @MayBeAbsent() @IsInt() @Min(0) @Max(600_000) delayMs?: number;
}
