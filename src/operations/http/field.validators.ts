import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy, type ValidationOptions } from 'class-validator';
import { Optional } from '../../api/optional.js';
import { isLongerThan, IsLabel } from '../../api/text-rules.js';
import { isDateTime } from '../../readers/date-time.js';
import { faultOfLabel } from '../../readers/user-text.js';
import { isRecord } from '../../readers/json.js';

/* Fields that several requests share: their rule, their message and their documentation in one place. */

const MAX_METADATA_MEMBERS = 20;
const MAX_METADATA_NAME = 40;
const MAX_METADATA_VALUE = 500;

/** The caller's own reference: 1 to 50 characters, unique per app and type forever. */
export function IsReference(): PropertyDecorator {
  return IsLabel(50, { example: 'ORDER-2025-000123' });
}

/** RFC 3339 date-time that exists in the calendar. */
export function IsDateTime(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isDateTime',
      validator: {
        validate: (value) => typeof value === 'string' && isDateTime(value),
        defaultMessage: () => 'must be an RFC 3339 date-time with an offset, e.g. 2026-11-20T14:10:36-03:00',
      },
    },
    options,
  );
}

/** The caller's own data: at most 20 members, names up to 40, string values up to 500 characters. Returned to the caller, never sent to a provider. */
export function IsMetadata(): PropertyDecorator {
  return applyDecorators(
    Optional(),
    ValidateBy({
      name: 'isMetadata',
      validator: {
        validate: isMetadata,
        defaultMessage: () =>
          `must be an object of at most ${MAX_METADATA_MEMBERS} strings (names up to ${MAX_METADATA_NAME} visible ` +
          `characters without blanks around them, values up to ${MAX_METADATA_VALUE} characters)`,
      },
    }),
    ApiPropertyOptional({
      type: 'object',
      additionalProperties: { type: 'string', maxLength: MAX_METADATA_VALUE },
      example: { channel: 'app' },
    }),
  );
}

function isMetadata(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const members = Object.entries(value);
  return members.length <= MAX_METADATA_MEMBERS && members.every(([name, text]) => isMetadataMember(name, text));
}

function isMetadataMember(name: string, text: unknown): boolean {
  if (faultOfLabel(name) !== null || isLongerThan(name, MAX_METADATA_NAME)) return false;
  return typeof text === 'string' && !isLongerThan(text, MAX_METADATA_VALUE);
}
