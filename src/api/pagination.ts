import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, Matches, Max, Min, ValidateBy, ValidateIf } from 'class-validator';
import { validate } from 'uuid';
import { readWholeNumber } from '../readers/integer.js';

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;
const CURSOR_MESSAGE = 'must be the nextCursor of an earlier page of this list';
const LIMIT_MESSAGE = `must be a whole number from 1 to ${MAX_LIMIT}`;
/** 16 bytes in base64url. */
const CURSOR = /^[A-Za-z0-9_-]{21}[AQgw]$/;
const UUID_BYTES = 16;
/** Larger numbers stay text, and the validation rule refuses them. */
const MAX_NUMBER = 999_999_999;

/** `?limit=` of every list. */
export class LimitQueryDto {
  /** Maximum number of items per page. */
  @Transform(({ value }: { value: unknown }) => wholeNumber(value))
  @IsInt({ message: LIMIT_MESSAGE })
  @Min(1, { message: LIMIT_MESSAGE })
  @Max(MAX_LIMIT, { message: LIMIT_MESSAGE })
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT })
  limit: number = DEFAULT_LIMIT;
}

/** `?limit=&cursor=` of lists that are sorted by a UUID. Lists with filters extend it. */
export class PageQueryDto extends LimitQueryDto {
  /** Opaque cursor: the `nextCursor` of the previous page. */
  @ValidateIf((_object: unknown, value: unknown) => value !== undefined)
  @Matches(CURSOR, { message: CURSOR_MESSAGE })
  @ApiPropertyOptional({ type: String, example: undefined })
  cursor?: string;

  /** The page begins after this UUID in the list's order; null: the first page. */
  get before(): string | null {
    return this.cursor === undefined ? null : uuidOf(this.cursor);
  }
}

export interface Page<Row> {
  readonly data: Row[];
  /** null: this is the last page. */
  readonly nextCursor: string | null;
}

/**
 * Makes a page from at most `limit` + 1 rows; the extra row shows that there are more. `keyOf` returns the sort UUID.
 */
export function page<Row>(rows: readonly Row[], limit: number, keyOf: (row: Row) => string): Page<Row> {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const goesOn = rows.length > limit && last !== undefined;
  return { data, nextCursor: goesOn ? cursorOf(keyOf(last)) : null };
}

/** @throws RangeError when the text is not a UUID */
function cursorOf(uuid: string): string {
  if (!validate(uuid)) throw new RangeError('a cursor is made of a UUID');
  return Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('base64url');
}

/** The cursor of a list that is sorted by a text. */
export function cursorOfText(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** The page begins after this text; null: the first page. */
export function textOfCursor(cursor: string | undefined): string | null {
  return cursor === undefined ? null : Buffer.from(cursor, 'base64url').toString('utf8');
}

/** Accepts a cursor of `cursorOfText` whose text matches `pattern`. */
export function IsTextCursor(pattern: RegExp): PropertyDecorator {
  const isCursor = (value: unknown): boolean => {
    const text = typeof value === 'string' ? textOfCursor(value) : null;
    return text !== null && pattern.test(text) && cursorOfText(text) === value;
  };
  return ValidateBy({ name: 'isTextCursor', validator: { validate: isCursor, defaultMessage: () => CURSOR_MESSAGE } });
}

function uuidOf(cursor: string): string {
  const hex = Buffer.from(cursor, 'base64url').subarray(0, UUID_BYTES).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Query values are strings. Pure ASCII digits become a number; the validation rule refuses everything else. */
function wholeNumber(value: unknown): unknown {
  return typeof value === 'string' ? (readWholeNumber(value, MAX_NUMBER) ?? value) : (value ?? DEFAULT_LIMIT);
}
