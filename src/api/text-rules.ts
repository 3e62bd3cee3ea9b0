import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ValidateBy, type ValidationArguments } from 'class-validator';
import { comparable, faultOfLabel, faultOfName, faultOfSentence } from '../readers/user-text.js';

/* Rules for text from callers. Lengths count characters (code points), as in the OpenAPI document. */

interface TextOptions {
  readonly example?: string;
  /** The member may be absent. The property needs `@Optional()` too. */
  readonly isOptional?: boolean;
}

/**
 * A short text that is searched for, without surrounding blanks, control or invisible characters. It is converted to
 * Unicode's composed form (NFC), so that equal texts compare equal however they were typed.
 */
export function IsLabel(maxLength: number, options: TextOptions = {}): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? comparable(value) : value)),
    text('isLabel', maxLength, faultOfLabel, options),
  );
}

/** A text that a person writes; line breaks are allowed. */
export function IsSentence(maxLength: number, options: TextOptions = {}): PropertyDecorator {
  return text('isSentence', maxLength, faultOfSentence, options);
}

/** A person's name. */
export function IsName(maxLength: number, options: TextOptions = {}): PropertyDecorator {
  return text('isName', maxLength, faultOfName, options);
}

export function isLongerThan(value: string, maxLength: number): boolean {
  // A character has one or two code units.
  return value.length > maxLength && (value.length > maxLength * 2 || [...value].length > maxLength);
}

function text(
  name: string,
  maxLength: number,
  faultOf: (value: string) => string | null,
  { example, isOptional = false }: TextOptions,
): PropertyDecorator {
  const faultIn = (value: unknown): string | null => {
    if (typeof value === 'string' && value !== '' && !isLongerThan(value, maxLength)) return faultOf(value);
    return `must be a string of 1 to ${maxLength} characters`;
  };
  const validator = {
    validate: (value: unknown) => faultIn(value) === null,
    defaultMessage: (args?: ValidationArguments) => faultIn(args?.value) ?? '',
  };
  return applyDecorators(
    ValidateBy({ name, validator }),
    ApiProperty({
      type: String,
      minLength: 1,
      maxLength,
      required: !isOptional,
      ...(example !== undefined && { example }),
    }),
  );
}
