import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { readPhoneNumber } from '../../src/providers/latcom/topups/phone-number.js';

/** The library's own check of all ten digits. */
function isMexican(national: string): boolean {
  const parsed = parsePhoneNumberFromString(national, 'MX');
  return (
    parsed?.isValid() === true &&
    parsed.country === 'MX' &&
    ['MOBILE', 'FIXED_LINE_OR_MOBILE', 'FIXED_LINE'].includes(parsed.getType() ?? '')
  );
}

it('the first six digits of a Mexican phone number decide as the library decides by all ten', () => {
  const disagreeing: string[] = [];
  for (let block = 0; block < 1_000_000; block += 83) {
    for (const rest of [0, 1, 4_999, 9_999, block % 10_000]) {
      const number = String(block).padStart(6, '0') + String(rest).padStart(4, '0');
      if (/^04[45]/.test(number)) continue;
      if ('national' in readPhoneNumber(number) !== isMexican(number)) disagreeing.push(number);
    }
  }
  expect(disagreeing).toEqual([]);
});
