/** An amount such as `12.50` in hundredths, without a float in between. */
export function cents(amount: string): number {
  const match = /^(\d{1,12})(?:\.(\d{2}))?$/.exec(amount);
  if (!match) throw new RangeError(`"${amount}" is not an amount such as 1000.00`);
  return Number(`${match[1]}${match[2] ?? '00'}`);
}

/** Hundredths as text with two decimals. */
export function decimal(hundredths: number): string {
  const sign = hundredths < 0 ? '-' : '';
  const digits = String(Math.abs(hundredths)).padStart(3, '0');
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
