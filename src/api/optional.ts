import { ValidateIf } from 'class-validator';

/** The member may be absent; an explicit `null` is not allowed. */
export function Optional(): PropertyDecorator {
  return ValidateIf((_object: unknown, value: unknown) => value !== undefined);
}

/** The member may be absent, or `null` to remove the value. */
export function Clearable(): PropertyDecorator {
  return ValidateIf((_object: unknown, value: unknown) => value !== undefined && value !== null);
}
