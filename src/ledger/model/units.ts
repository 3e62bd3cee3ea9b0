/** Decimal places of units that have smaller parts; every other unit (points, passes) is counted in whole ones. */
const DECIMALS: Readonly<Record<string, number>> = { MXN: 2, USD: 2 };

export const PESO_UNIT = 'MXN';

export interface Quantity {
  readonly value: string;
  readonly unit: string;
}

/** The exact amount in the unit's smallest part as a decimal string, e.g. 1000 MXN centavos as `10.00`. */
export function formatQuantity(amount: bigint, unit: string): Quantity {
  const decimals = DECIMALS[unit] ?? 0;
  if (decimals === 0) return { value: amount.toString(), unit };
  const sign = amount < 0n ? '-' : '';
  const digits = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, '0');
  return { value: `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`, unit };
}

/** The other way round; null when that is no amount of the unit. */
export function parseQuantity(value: string, unit: string): bigint | null {
  const decimals = DECIMALS[unit] ?? 0;
  const [, whole, fraction = ''] = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(value) ?? [];
  if (whole === undefined || fraction.length > decimals) return null;
  return BigInt(whole + fraction.padEnd(decimals, '0'));
}
