/** A range of card number prefixes, `from` and `to` of the same length, and the possible numbers of digits. */
interface IssuerRange {
  readonly from: string;
  readonly to: string;
  readonly lengths: readonly number[];
}

const USUAL = [16];
const LONG = [16, 17, 18, 19];

/**
 * Some prefixes are left out, because the API accepts such numbers: 1 (UATP; looks like a timestamp), 89 (SIM cards),
 * and 35, 86 and 01 with 15 digits (IMEIs).
 */
const RANGES: readonly IssuerRange[] = [
  { from: '4', to: '4', lengths: [13, 16, 19] }, // Visa; Elo
  { from: '51', to: '55', lengths: USUAL }, // Mastercard
  { from: '2221', to: '2720', lengths: USUAL }, // Mastercard
  { from: '34', to: '34', lengths: [15] }, // American Express
  { from: '37', to: '37', lengths: [15] }, // American Express
  { from: '300', to: '305', lengths: [14, ...LONG] }, // Diners Club
  { from: '3095', to: '3095', lengths: [14, ...LONG] }, // Diners Club
  { from: '36', to: '36', lengths: [14, ...LONG] }, // Diners Club
  { from: '38', to: '39', lengths: [14, ...LONG] }, // Diners Club; Hipercard
  { from: '3528', to: '3589', lengths: LONG }, // JCB
  { from: '1800', to: '1800', lengths: [15] }, // JCB
  { from: '2131', to: '2131', lengths: [15] }, // JCB
  { from: '2200', to: '2205', lengths: LONG }, // Mir, Borica
  { from: '2869', to: '2869', lengths: USUAL }, // Carnet
  { from: '50', to: '50', lengths: LONG }, // Maestro, Elo, Carnet, Aura, Verve
  { from: '56', to: '58', lengths: LONG }, // Maestro, Cabal, Naranja
  { from: '60', to: '69', lengths: LONG }, // Discover, UnionPay, Maestro, Elo, Hipercard, Carnet, RuPay
  { from: '81', to: '82', lengths: LONG }, // UnionPay, RuPay
  { from: '9792', to: '9792', lengths: USUAL }, // Troy
];

export function hasIssuer(digits: string): boolean {
  return RANGES.some(({ from, to, lengths }) => {
    const prefix = digits.slice(0, from.length);
    return prefix >= from && prefix <= to && lengths.includes(digits.length);
  });
}
