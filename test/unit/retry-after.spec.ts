import fc from 'fast-check';
import { retryAfterMs } from '../../src/outbound/retry-after.js';
import { readHttpDate } from '../../src/readers/http-date.js';
import { readSeconds } from '../../src/readers/seconds.js';

const NOW = new Date('2026-11-20T12:00:00Z');
const HOUR_MS = 3_600_000;

const told = (header: string | null, body = ''): number | null =>
  retryAfterMs({ status: 429, headers: header === null ? {} : { 'retry-after': header }, body }, NOW);

describe('the wait that a provider asks for', () => {
  it.each<[string, number | null]>([
    ['7', 7_000],
    [' 7 ', 7_000],
    ['1.5', 1_500],
    ['0', 0],
    ['5, 10', 10_000],
    ['99999999999999999999', HOUR_MS],
    ['86400', HOUR_MS],
    ['Fri, 20 Nov 2026 12:00:30 GMT', 30_000],
    ['Friday, 20-Nov-26 12:00:30 GMT', 30_000],
    ['Fri Nov 20 12:00:30 2026', 30_000],
    ['Sat, 21 Nov 2026 12:00:00 GMT', HOUR_MS],
    ['Fri, 20 Nov 2026 11:59:59 GMT', null],
    ['2026-11-20T12:00:30Z', null],
    ['20 Nov 2026 12:00:30', null],
    ['Fri, 31 Nov 2026 12:00:30 GMT', null],
    ['Fri, 20 Nov 2026 12:00:30', null],
    ['-5', null],
    ['5, x', null],
    ['5,', null],
    ['60s', null],
    ['soon', null],
    ['', null],
    ['٥', null],
    ['0x10', null],
  ])('is read from the header %j as %p ms', (header, expected) => {
    expect(told(header)).toBe(expected);
  });

  it.each<[string, number | null]>([
    ['{"retry_after":60}', 60_000],
    ['{"retry_after":"60"}', 60_000],
    ['{"retry_after":0.25}', 250],
    ['{"retry_after":1e400}', HOUR_MS],
    ['{"retry_after":-1}', null],
    ['{"retry_after":""}', null],
    ['{"retry_after":"1,5"}', null],
    ['{"retry_after":true}', null],
    ['{"retry_after":5,"retry_after":6}', null],
    ['{"error":{"retry_after":60}}', null],
    ['"retry_after":60', null],
    ['{"message":"\\"retry_after\\": 60"}', null],
  ])('is read from the body %s as %p ms', (body, expected) => {
    expect(told(null, body)).toBe(expected);
  });

  it('is read from the body when the header cannot be read', () => {
    expect(told('soon', '{"retry_after":3}')).toBe(3_000);
    expect(told('7', '{"retry_after":3}')).toBe(7_000);
  });

  it('is never negative, never more than an hour, and never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.oneof(fc.string(), fc.json()), (header, body) => {
        const ms = told(header, body);
        expect(ms === null || (ms >= 0 && ms <= HOUR_MS)).toBe(true);
      }),
    );
  });
});

describe('a date in a Retry-After header', () => {
  it('is read back in the form in which it is written', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), (date) => {
        const whole = new Date(Math.floor(date.getTime() / 1000) * 1000);
        expect(readHttpDate(whole.toUTCString(), NOW)).toEqual(whole);
      }),
    );
  });

  it('with a year of two digits is at most 50 years ahead', () => {
    expect(readHttpDate('Sunday, 06-Nov-94 08:49:37 GMT', NOW)).toEqual(new Date('1994-11-06T08:49:37Z'));
    expect(readHttpDate('Friday, 06-Nov-76 08:49:37 GMT', NOW)).toEqual(new Date('2076-11-06T08:49:37Z'));
    expect(readHttpDate('Sun Nov  6 08:49:37 1994', NOW)).toEqual(new Date('1994-11-06T08:49:37Z'));
  });
});

it('a wait in seconds is rounded to milliseconds and limited to the maximum', () => {
  expect([readSeconds('1800', HOUR_MS), readSeconds(0.0004, HOUR_MS), readSeconds('7200', HOUR_MS)]).toEqual([
    1_800_000,
    0,
    HOUR_MS,
  ]);
});
