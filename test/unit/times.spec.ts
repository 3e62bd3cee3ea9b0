import fc from 'fast-check';
import { types } from 'pg';
import { parseTimestamp } from '../../src/database/timestamps.js';
import { isoTime } from '../../src/operations/transactions/iso-time.js';

const moments = fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });

describe('points in time', () => {
  /** Timestamps in PostgreSQL's text format. */
  const written = fc
    .tuple(moments, fc.integer({ min: 0, max: 999 }), fc.constantFrom('+00', '+02', '-03', '+05:30'))
    .map(([date, micros, zone]) => {
      const text = date.toISOString().replace('T', ' ').replace('Z', '') + String(micros).padStart(3, '0');
      return text.replace(/\.?0+$/, '') + zone;
    });

  it('are read as the driver reads them', () => {
    const usual: unknown = types.getTypeParser(types.builtins.TIMESTAMPTZ);
    const general = (text: string): unknown =>
      typeof usual === 'function' ? Reflect.apply(usual, null, [text]) : text;
    fc.assert(
      fc.property(written, (text) => {
        const [fast, usual] = [parseTimestamp(text), general(text)].map(Number);
        // The driver multiplies a fraction, so it may be one millisecond below the written time.
        expect(Math.abs(Number(fast) - Number(usual))).toBeLessThanOrEqual(1);
      }),
    );
    expect(parseTimestamp('2026-11-21 08:30:07.57+00')).toEqual(new Date('2026-11-21T08:30:07.570Z'));
    expect(parseTimestamp('2026-11-21 08:30:07.999999+00')).toEqual(new Date('2026-11-21T08:30:07.999Z'));
    expect(parseTimestamp('infinity')).toBe(Infinity);
    expect(parseTimestamp('0044-03-15 12:00:00+00 BC')).toEqual(general('0044-03-15 12:00:00+00 BC'));
  });

  it('are written as toISOString writes them', () => {
    fc.assert(fc.property(moments, (date) => isoTime(date) === date.toISOString()));
    const steps = fc.array(fc.integer({ min: -130_000, max: 130_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(moments, steps, (start, offsets) => {
        for (const offset of offsets) {
          const date = new Date(start.getTime() + offset);
          expect(isoTime(date)).toBe(date.toISOString());
        }
      }),
    );
    expect(() => isoTime(new Date(Number.NaN))).toThrow(RangeError);
  });
});
