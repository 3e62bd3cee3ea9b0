import { type ClassConstructor, plainToInstance } from 'class-transformer';
import { ValidateIf, type ValidationError, validateSync } from 'class-validator';

/** The faults of a value, by path (`member.ffn`). */
export type Problems = Record<string, string>;

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: Problems };

/** The member may be absent. `null` is a value, and is checked. */
export function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_object: object, value: unknown) => value !== undefined);
}

/** Checks a value strictly: an undeclared member is a fault, and no type is converted to another. */
export function parse<T extends object>(type: ClassConstructor<T>, value: unknown): Parsed<T> {
  if (!isObject(value)) return { ok: false, problems: { body: 'must be a JSON object' } };
  const instance = plainToInstance(type, value);
  const errors = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true });
  if (errors.length === 0) return { ok: true, value: instance };
  return { ok: false, problems: Object.fromEntries(flatten(errors, '')) };
}

export function parseJson<T extends object>(type: ClassConstructor<T>, text: string): Parsed<T> {
  const value = readJson(text);
  return value === undefined ? { ok: false, problems: { body: 'must be valid JSON' } } : parse(type, value);
}

/** The value of a JSON text; `undefined`, which no JSON text can express, for any other text. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function flatten(errors: readonly ValidationError[], prefix: string): [string, string][] {
  return errors.flatMap((error) => {
    const path = `${prefix}${error.property}`;
    // The last message belongs to the first decorator, which checks the type.
    const own = Object.values(error.constraints ?? {}).map((message): [string, string] => [path, message]);
    return [...own.slice(-1), ...flatten(error.children ?? [], `${path}.`)];
  });
}
