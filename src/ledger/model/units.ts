export const PESO_UNIT = 'MXN';

export interface Quantity {
  readonly value: string;
  readonly unit: string;
}
