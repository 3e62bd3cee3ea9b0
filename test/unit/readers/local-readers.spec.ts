import { readAmount, type AmountNotation } from '../../../src/readers/amount.js';
import { LocalClock } from '../../../src/readers/local-clock.js';
import { DATE_ORDERS, readLocalTime } from '../../../src/readers/local-time.js';
import { pick, seeded } from '../../support/statement-files.js';

const ALPHABET = [...'0123456789.,- ()/:TZ+eE\'’\u00a0\u2212apm٣"', '\u202f', 'Ñ', '\0'];
const NOTATIONS: readonly [AmountNotation, ...AmountNotation[]] = [
  { decimal: null, thousands: null },
  { decimal: ',', thousands: '.' },
  { decimal: '.', thousands: ',' },
  { decimal: ',', thousands: ' ' },
  { decimal: null, thousands: "'" },
];
const ZONES = ['America/Mexico_City', 'America/Santiago', 'America/Bogota', 'Asia/Kathmandu', 'Europe/Madrid'] as const;

it('every text is read as an amount or refused with the reason', () => {
  const random = seeded(3);
  for (let index = 0; index < 20_000; index += 1) {
    const text = Array.from({ length: Math.floor(random() * 12) }, () => pick(random, ['0', ...ALPHABET])).join('');
    const reading = readAmount(text, pick(random, NOTATIONS), 2, 12);
    if ('fault' in reading) expect(reading.fault).toMatch(/^(undeclared|ambiguous|unreadable|inexact|too_large)$/);
    else expect(reading.digits).toMatch(/^(0|[1-9]\d{0,13})$/);
  }
});

it('an amount is read as written, in each notation', () => {
  const random = seeded(4);
  for (let index = 0; index < 5_000; index += 1) {
    const cents = Math.floor(random() * 10 ** pick(random, [2, 4, 7, 11]));
    const { decimal, thousands } = pick(random, NOTATIONS);
    const whole = String(Math.floor(cents / 100)).replace(/\B(?=(\d{3})+$)/g, thousands ?? '');
    const text = `${whole}${decimal ?? '.'}${String(cents % 100).padStart(2, '0')}`;
    const isNegative = random() < 0.3;
    const signed = isNegative ? pick(random, [`-${text}`, `${text}-`, `(${text})`, `\u2212 ${text}`]) : text;
    expect(readAmount(signed, { decimal, thousands }, 2, 12)).toEqual({ digits: String(cents), isNegative });
  }
});

it('every text is read as a time or refused with the reason', () => {
  const random = seeded(5);
  const clock = new LocalClock('America/Santiago');
  for (let index = 0; index < 20_000; index += 1) {
    const noise = (): string =>
      Array.from({ length: Math.floor(random() * 4) }, () => pick(random, ['0', ...ALPHABET])).join('');
    const text = pick(random, ['2026-11-20', '20/11/2026', '2026-11-20T14:10:36', noise()]) + noise() + noise();
    const reading = readLocalTime(text, { order: pick(random, DATE_ORDERS), clock: pick(random, [clock, null]) });
    if ('fault' in reading) expect(reading.fault).toMatch(/^(ambiguous|unreadable|not_unique)$/);
    else expect(reading.utc).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?$/);
  }
});

it.each(ZONES)('the instants of local times of %s are found', (zone) => {
  const clock = new LocalClock(zone);
  const shown = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  const random = seeded(6);
  for (let index = 0; index < 2_000; index += 1) {
    const at = Date.UTC(2010, 0, 1) + Math.floor(random() * 20 * 365 * 24 * 60) * 60_000;
    const local = shown.format(at);
    const reading = readLocalTime(local, { order: 'yyyy-mm-dd', clock });
    // Once a year the clock shows an hour twice. A time in that hour is ambiguous.
    if ('fault' in reading) expect(clock.instantsOf(Date.parse(`${local.replace(' ', 'T')}Z`))).toContain(at);
    else expect(reading.at).toBe(at);
  }
});
