import { LocalClock } from '../../../readers/local-clock.js';
import { DATE_ORDERS, type DateOrder } from '../../../readers/local-time.js';
import { isRecord, parseJson, type JsonRecord } from '../../../readers/json.js';
import { Problem, type FieldError } from '../../../common/problem.js';
import { pointerTo } from '../../../api/json-body.js';
import { DELIMITERS, type Delimiter } from './csv-line.js';
import { ENCODINGS, type Encoding } from './statement-encoding.js';

const DECIMALS = ['.', ','] as const;
const THOUSANDS = [',', '.', ' ', "'"] as const;
const NAMES = ['delimiter', 'encoding', 'decimal', 'thousands', 'dates', 'timeZone'];

/** The declared part of a statement's format; null: not declared. */
export interface DeclaredFormat {
  readonly delimiter: Delimiter | null;
  readonly encoding: Encoding | null;
  readonly decimal: (typeof DECIMALS)[number] | null;
  readonly thousands: (typeof THOUSANDS)[number] | null;
  readonly dates: DateOrder | null;
  /** The clock for times without a zone. */
  readonly clock: LocalClock | null;
}

export const NOTHING_DECLARED: DeclaredFormat = {
  delimiter: null,
  encoding: null,
  decimal: null,
  thousands: null,
  dates: null,
  clock: null,
};

/** Reads the form field `format`. @throws Problem `validation_failed` */
export function readFormat(text: string | undefined): DeclaredFormat {
  if (text === undefined) return NOTHING_DECLARED;
  const given = objectOf(text);
  const errors: FieldError[] = Object.keys(given)
    .filter((name) => !NAMES.includes(name))
    .map((name) => ({
      pointer: pointerTo('/format', name),
      message: `is not known; the known members are ${NAMES.join(', ')}`,
    }));
  const choice = <Value extends string>(name: string, values: readonly Value[]): Value | null =>
    choose(given, name, values, errors);
  const format = {
    delimiter: choice('delimiter', DELIMITERS),
    encoding: choice('encoding', ENCODINGS),
    decimal: choice('decimal', DECIMALS),
    thousands: choice('thousands', THOUSANDS),
    dates: choice('dates', DATE_ORDERS),
    clock: clockOf(given['timeZone'], errors),
  };
  const { decimal, thousands } = format;
  if (thousands !== null && thousands === (decimal ?? '.')) {
    errors.push({ pointer: '/format/decimal', message: 'is required and must differ from thousands' });
  }
  if (errors.length > 0) throw Problem.validation(errors);
  return format;
}

function objectOf(text: string): JsonRecord {
  try {
    const value = parseJson(text);
    if (isRecord(value)) return value;
  } catch {
    // Invalid JSON gets the same message as any other value.
  }
  throw Problem.invalid('/format', `must be a JSON object of ${NAMES.join(', ')}`);
}

function choose<Value extends string>(
  given: JsonRecord,
  name: string,
  values: readonly Value[],
  errors: FieldError[],
): Value | null {
  const value = given[name];
  if (value === undefined || value === null) return null;
  const found = typeof value === 'string' ? values.find((one) => one === value.toLowerCase()) : undefined;
  if (found !== undefined) return found;
  errors.push({
    pointer: `/format/${name}`,
    message: `must be one of ${values.map((one) => JSON.stringify(one)).join(', ')}`,
  });
  return null;
}

function clockOf(zone: unknown, errors: FieldError[]): LocalClock | null {
  if (zone === undefined || zone === null) return null;
  try {
    // `Intl` also accepts offsets such as +01:00, which are not IANA zones.
    if (typeof zone === 'string' && /^[A-Za-z]/.test(zone)) return new LocalClock(zone);
  } catch {
    // The zone does not exist.
  }
  errors.push({ pointer: '/format/timeZone', message: 'must be an IANA time zone such as America/Mexico_City' });
  return null;
}
