import type { ProviderManifest } from '../connector/manifest.js';
import type { Quantity } from '../ledger/model/units.js';
import { DECLARED } from './declared.js';

/** The end of a unit with a variable part, e.g. `<planId>` in `PASS:<planId>`. */
const VARIABLE_PART = /<\w+>$/;
/** Providers' statements and balances also have currencies that no manifest declares. They are read in hundredths. */
const CURRENCY = /^[A-Z]{3}$/;
const DECIMALS_OF_FOREIGN_CURRENCY = 2;

const DECIMALS = decimalsByUnit(DECLARED);

export const UNITS: readonly string[] = [...DECIMALS.keys()];

/** Decimal places by unit. @throws Error when two manifests give one unit different decimals */
export function decimalsByUnit(manifests: readonly Pick<ProviderManifest, 'units'>[]): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const [unit, decimals] of manifests.flatMap(({ units }) => Object.entries(units))) {
    if ((all.get(unit) ?? decimals) !== decimals)
      throw new Error(`the unit ${unit} is declared twice, with different decimals`);
    all.set(unit, decimals);
  }
  return all;
}

export function isDeclaredUnit(unit: string): boolean {
  return declaredDecimals(unit) !== undefined;
}

/** Formats an amount in the smallest unit as an exact decimal, e.g. 1000 centavos as `10.00` MXN. */
export function formatQuantity(amount: bigint, unit: string): Quantity {
  const decimals = decimalsOf(unit);
  if (decimals === 0) return { value: amount.toString(), unit };
  const sign = amount < 0n ? '-' : '';
  const digits = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, '0');
  return { value: `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`, unit };
}

/** The reverse of `formatQuantity`; null when the text is not an amount of the unit. */
export function parseQuantity(value: string, unit: string): bigint | null {
  const decimals = decimalsOf(unit);
  const [, whole, fraction = ''] = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(value) ?? [];
  if (whole === undefined || fraction.length > decimals) return null;
  return BigInt(whole + fraction.padEnd(decimals, '0'));
}

function decimalsOf(unit: string): number {
  return declaredDecimals(unit) ?? (CURRENCY.test(unit) ? DECIMALS_OF_FOREIGN_CURRENCY : 0);
}

function declaredDecimals(unit: string): number | undefined {
  const exact = DECIMALS.get(unit);
  if (exact !== undefined) return exact;
  for (const [name, decimals] of DECIMALS) {
    const prefix = name.replace(VARIABLE_PART, '');
    if (prefix !== name && unit.length > prefix.length && unit.startsWith(prefix)) return decimals;
  }
  return undefined;
}
