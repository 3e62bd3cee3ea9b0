import fc from 'fast-check';
import { v7, validate, version } from 'uuid';
import { newUuid } from '../../src/common/ids.js';
import { randomPart } from '../../src/crypto/random-pool.js';

const COUNT = 20_000;

const timeOf = (uuid: string): number => Number.parseInt(uuid.slice(0, 13).replace('-', ''), 16);

describe.each([
  ['newUuid', newUuid],
  ['v7 of uuid', (): string => v7()],
])('%s', (_name, make) => {
  it('makes UUIDs of version 7 in ascending order, also within one millisecond, with the time of their creation', () => {
    const before = Date.now();
    const made = Array.from({ length: COUNT }, make);
    const after = Date.now();
    expect(made.every((one) => validate(one) && version(one) === 7)).toBe(true);
    expect(made.every((one, index) => one > (made[index - 1] ?? ''))).toBe(true);
    expect(timeOf(made[0] ?? '')).toBeGreaterThanOrEqual(before);
    expect(timeOf(made.at(-1) ?? '')).toBeLessThanOrEqual(after);
    // The last 48 bits are random.
    expect(new Set(made.map((one) => one.slice(-12))).size).toBe(COUNT);
  });
});

it('random bytes of the pool are given out once, in the length that was requested', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 8, max: 40 }), { minLength: 300, maxLength: 400 }), (lengths) => {
      const parts = lengths.map(randomPart);
      expect(parts.map(({ length }) => length)).toEqual(lengths);
      expect(new Set(parts.map((part) => part.toString('hex').slice(0, 16))).size).toBe(lengths.length);
      // Own memory: a later part does not change an earlier one.
      const texts = parts.map((part) => part.toString('hex'));
      for (const length of lengths) randomPart(length).fill(0);
      expect(parts.map((part) => part.toString('hex'))).toEqual(texts);
    }),
    { numRuns: 30 },
  );
});
