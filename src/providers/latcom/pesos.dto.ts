import { Equals, Matches } from 'class-validator';
import { readWholeNumber } from '../../readers/integer.js';

/** The largest number that the pattern of `value` allows. */
const MAX_PESOS = 999_999;

export class PesosDto {
  /**
   * Whole pesos as a decimal string, with or without `.00`.
   * @example "10.00"
   */
  @Matches(/^[1-9][0-9]{0,5}(\.0{1,2})?$/, { message: 'must be a string of whole pesos, e.g. "10.00"' })
  value!: string;

  /** @example "MXN" */
  @Equals('MXN', { message: 'must be MXN' })
  currency!: string;
}

export function toPesos({ value }: PesosDto): number {
  return readWholeNumber(value.split('.')[0] ?? '', MAX_PESOS) ?? 0;
}

export function fromPesos(pesos: number): PesosDto {
  return { value: `${pesos}.00`, currency: 'MXN' };
}
