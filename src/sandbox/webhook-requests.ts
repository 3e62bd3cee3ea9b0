import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  Matches,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { Type } from 'class-transformer';
import { MayBeAbsent } from './parse.js';

/** How a receiver fails: `gone` answers 410, `drop` ends the connection, `hang` never answers, `slow` answers late. */
export const FAILURE_MODES = ['status', 'hang', 'drop', 'slow', 'redirect', 'gone'] as const;
export type FailureMode = (typeof FAILURE_MODES)[number];

/** Base64 of 24 to 64 bytes, as Standard Webhooks 1.0.0 asks for. */
const SECRET = /^whsec_(?=.{32,88}$)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const SECRET_MESSAGE = 'each must be whsec_ and the base64 of 24 to 64 bytes';
const MAX_SECRETS = 5;

export class FailureBody {
  @IsIn(FAILURE_MODES) mode: FailureMode;
  /** Only for the mode `status`. */
  @MayBeAbsent() @Max(599) @Min(300) @IsInt() status?: number;
  /** The number of requests that fail; absent: all. */
  @MayBeAbsent() @Max(1_000_000) @Min(1) @IsInt() count?: number;
  /** Only for the mode `slow`: the pause before the answer. */
  @MayBeAbsent() @Max(600_000) @Min(0) @IsInt() delayMs?: number;
  /** Only for the mode `status`: seconds in `Retry-After`. */
  @MayBeAbsent() @Max(86_400) @Min(0) @IsInt() retryAfterSeconds?: number;
}

/** An absent member stays as it is. */
export class ReceiverBody {
  @MayBeAbsent()
  @Matches(SECRET, { each: true, message: SECRET_MESSAGE })
  @ArrayMaxSize(MAX_SECRETS)
  @IsArray()
  secrets?: string[];
  /** null: it stops failing. */
  @ValidateIf((_body: object, value: unknown) => value !== undefined && value !== null)
  @ValidateNested()
  @Type(() => FailureBody)
  @IsObject()
  fail?: FailureBody | null;
}
