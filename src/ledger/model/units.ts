/** Decimal places of units with smaller parts. All other units (points, passes) are whole numbers. */
const DECIMALS: Readonly<Record<string, number>> = { MXN: 2, USD: 2 };

export const PESO_UNIT = 'MXN';

export interface Quantity {
  readonly value: string;
  readonly unit: string;
}

/** Formats an amount in the smallest unit as an exact decimal, e.g. 1000 centavos as `10.00` MXN. */
export function formatQuantity(amount: bigint, unit: string): Quantity {
  const decimals = DECIMALS[unit] ?? 0;
  if (decimals === 0) return { value: amount.toString(), unit };
  const sign = amount < 0n ? '-' : '';
  const digits = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, '0');
  return { value: `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`, unit };
}

/** The reverse of `formatQuantity`; null when the text is not an amount of the unit. */
export function parseQuantity(value: string, unit: string): bigint | null {
  const decimals = DECIMALS[unit] ?? 0;
  const [, whole, fraction = ''] = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(value) ?? [];
  if (whole === undefined || fraction.length > decimals) return null;
  return BigInt(whole + fraction.padEnd(decimals, '0'));
}
