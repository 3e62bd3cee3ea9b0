import { ValidateIf } from 'class-validator';

/** May be left out; an explicit `null` is not taken for "left out". */
export function Optional(): PropertyDecorator {
  return ValidateIf((_object: unknown, value: unknown) => value !== undefined);
}

/** May be left out, or be `null`, which takes the value away. */
export function Clearable(): PropertyDecorator {
  return ValidateIf((_object: unknown, value: unknown) => value !== undefined && value !== null);
}
