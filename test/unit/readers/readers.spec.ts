import fc from 'fast-check';
import { isCalendarDay, readDateTime } from '../../../src/readers/date-time.js';
import { compareDecimals, readDecimal } from '../../../src/readers/decimal.js';
import { readToken } from '../../../src/readers/header-value.js';
import { readWholeNumber } from '../../../src/readers/integer.js';
import { DuplicateMemberError, numberOrBigint, parseJson, parseRecord } from '../../../src/readers/json.js';
import { decimalOf, idOf } from '../../../src/readers/record.js';
import { comparable, faultOfLabel, faultOfName, faultOfSentence } from '../../../src/readers/user-text.js';

const MONEY = { least: 2, most: 4 };

describe('a decimal from outside', () => {
  it.each([
    ['1000', '1000.00'],
    ['1000.00', '1000.00'],
    [1000.5, '1000.50'],
    ['998.8399999999999', '998.84'],
    [998.8399999999999, '998.84'],
    ['1e3', '1000.00'],
    ['1.5E-2', '0.015'],
    [' 12.5\r\n', '12.50'],
    ['0.00005', '0.00'],
    ['0.00015', '0.0002'],
    ['0.00025', '0.0002'],
    ['-0.00001', '0.00'],
    ['-3.1', '-3.10'],
    ['999999999999999.99', '999999999999999.99'],
  ])('%j is read as %j', (given, read) => {
    expect(readDecimal(given, MONEY)).toBe(read);
  });

  it.each([
    '1,234.56',
    '12 345.67',
    '12\u00a0345.67',
    '12\u202f345.67',
    "12'345.67",
    '1.234,56',
    '1_000',
    '$5',
    '5 USD',
    '(5.00)',
    '5-',
    '+5',
    '0x10',
    '0b1',
    'NaN',
    'Infinity',
    '.5',
    '5.',
    '',
    ' ',
    '--1',
    '1e9999',
    '1e16',
    '1000000000000000',
    '١٢',
    '５',
    NaN,
    Infinity,
    1e300,
    null,
    undefined,
    true,
    [5],
    { value: '5' },
  ])('%j is refused', (given) => {
    expect(readDecimal(given, MONEY)).toBeNull();
  });

  it('keeps every digit of a plain decimal', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), (scaled) => {
        const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(5, '0');
        const text = `${scaled < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`;
        const read = readDecimal(text, { least: 4, most: 4 });
        expect(read).toBe(digits.slice(0, -4).replace(/^0+(?=\d)/, '').length > 15 ? null : text);
      }),
    );
  });

  it('is never read from a text with separators, signs or words', () => {
    const inserted = fc.constantFrom(',', ' ', '\u00a0', "'", '_', '$', 'MXN', '\u200b', '٬', '\u066b');
    fc.assert(
      fc.property(fc.nat(10 ** 9), fc.nat(12), inserted, (number, at, what) => {
        const digits = number.toString().padStart(2, '0');
        const place = 1 + (at % (digits.length - 1));
        expect(readDecimal(digits.slice(0, place) + what + digits.slice(place), MONEY)).toBeNull();
      }),
    );
  });

  it('never throws, whatever the value', () => {
    fc.assert(fc.property(fc.anything(), (given) => expect(() => readDecimal(given, MONEY)).not.toThrow()));
  });

  it('is compared by its value, not by its text', () => {
    expect(['10.0', '9', '-1.5', '10'].sort(compareDecimals)).toEqual(['-1.5', '9', '10.0', '10']);
  });
});

describe('JSON from outside', () => {
  it('keeps the digits of integers beyond 2^53 as text', () => {
    expect(
      parseJson('{"a":9007199254740993,"b":8952020012345678907,"c":9007199254740992,"d":[123456789012345678]}'),
    ).toEqual({
      a: '9007199254740993',
      b: '8952020012345678907',
      c: '9007199254740992',
      d: ['123456789012345678'],
    });
  });

  it('keeps the digits of integers wherever white space stands', () => {
    const text = '{\n  "a" :\t9007199254740993 ,\r\n "b": [ -9007199254740993,\n1e400 ], "e123": "9007199254740993"\n}';
    const numbers = { a: '9007199254740993', b: ['-9007199254740993', '1e400'], e123: '9007199254740993' };
    expect(parseJson(text)).toEqual(numbers);
    expect(parseJson(' 9007199254740993 ')).toBe('9007199254740993');
  });

  it('keeps decimals that no float holds as text', () => {
    expect(parseJson('[0.1,1.50,998.8399999999999,12345678901234567.5,1e400,1e-400]')).toEqual([
      0.1,
      1.5,
      998.8399999999999,
      '12345678901234567.5',
      '1e400',
      '1e-400',
    ]);
  });

  it('is refused when a member occurs twice with different values', () => {
    for (const text of [
      ...['{"a":1,"a":2}', '{"a":{"b":[{"c":1,"c":"1"}]}}', '{"success":false,"success":true}'],
      ...['{"a":1,"a" :2}', '{"a":1,"a"\t:2}', '{"a":1,"a"\r\n  :2}', '{"a"\n:1,"a":2}', '{"u":"b:c","a":1,"a" : 2}'],
    ]) {
      expect(() => parseJson(text)).toThrow(DuplicateMemberError);
      expect(parseRecord(text)).toBeNull();
    }
  });

  it('is accepted when a member occurs twice with the same value', () => {
    expect(parseJson('{"a":1,"b":"x","a":1}')).toEqual({ a: 1, b: 'x' });
  });

  it('may begin with a byte order mark', () => {
    expect(parseRecord('\ufeff{"a":1}')).toEqual({ a: 1 });
  });

  it('is no record when it is HTML, truncated, empty, a list or two values', () => {
    for (const text of ['<html>', '{"a":', '', '[1]', '{} {}', 'null', '"x"', "{'a':1}", '{"a":NaN}', '{"a":01}']) {
      expect(parseRecord(text)).toBeNull();
    }
  });

  it('is read as by JSON.parse, except for numbers that become text', () => {
    const numbersAsText = (_name: string, value: unknown): unknown =>
      typeof value === 'number' ? String(value) : value;
    fc.assert(
      fc.property(fc.json(), (text) => {
        const read = JSON.stringify(parseJson(text));
        expect(JSON.parse(read, numbersAsText)).toEqual(JSON.parse(text, numbersAsText));
      }),
    );
  });

  it('is read correctly when its texts look like names of members', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.constantFrom('":', '"a":1', '{"b" :2}', '12345678901234567')),
        (value) => {
          const text = JSON.stringify(value);
          expect(parseJson(text)).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('keeps all digits of each integer', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (value) => {
        const text = String(value);
        expect(idOf(parseRecord(`{"id":${text}}`), 'id')).toBe(text);
        expect(parseJson(text)).toBe(Number.isSafeInteger(Number(text)) ? Number(text) : text);
      }),
    );
  });

  it('keeps decimals by their digits', () => {
    expect(decimalOf(parseRecord('{"balance":1000.00}'), 'balance', MONEY)).toBe('1000.00');
    expect(decimalOf(parseRecord('{"balance":"1,000.00"}'), 'balance', MONEY)).toBeNull();
    expect(decimalOf(parseRecord('{"balance":1.00,"balance":2.00}'), 'balance', MONEY)).toBeNull();
  });
});

describe('a number in a request', () => {
  it('is a float only when a float holds all its digits', () => {
    expect(parseJson('[3000,3000.0,1.5,0.1,1e3]', numberOrBigint)).toEqual([3000, 3000, 1.5, 0.1, 1000]);
    expect(parseJson('[9007199254740993,99999999999999999999999]', numberOrBigint)).toEqual([
      9007199254740993n,
      99999999999999999999999n,
    ]);
    expect(parseJson('[3000.0000000000000000001,2.9999999999999999999,1e400]', numberOrBigint)).toEqual([
      NaN,
      NaN,
      NaN,
    ]);
  });

  it('never becomes text, whatever its length', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.nat(), (whole, fraction) => {
        for (const source of [`${whole}`, `${whole}.${fraction}`, `${whole}e${fraction % 400}`]) {
          expect(typeof parseJson(source, numberOrBigint)).not.toBe('string');
        }
      }),
    );
  });
});

describe('a whole number from outside', () => {
  it('consists of ASCII digits alone', () => {
    expect(readWholeNumber('007', 10)).toBe(7);
    for (const text of ['', ' 7', '7.0', '-7', '+7', '1e3', '٧', '0x7', '1234567890123456', '11']) {
      expect(readWholeNumber(text, 10)).toBeNull();
    }
  });
});

describe('a token for a header', () => {
  it('loses the blanks and line breaks around it', () => {
    expect(readToken('\ufeff abc.DEF-123_~+/=\r\n')).toBe('abc.DEF-123_~+/=');
  });

  it('is refused when a header cannot carry it', () => {
    for (const text of ['', ' ', 'a b', 'a\nb', 'abc\u00e9', 'abc\u2028d', 'a\u0000', 'x'.repeat(8193)]) {
      expect(readToken(text)).toBeNull();
    }
  });

  it('is never a text that the HTTP client refuses', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const token = readToken(text);
        if (token !== null) expect(() => new Headers({ authorization: `Bearer ${token}` })).not.toThrow();
      }),
    );
  });
});

describe('text that people send', () => {
  it.each(['ORDER-1', 'CAFÉ 12', 'Ñandú/7', '注文-1', 'a b', '🎫'])('%j is a label', (text) => {
    expect(faultOfLabel(text)).toBeNull();
  });

  it.each([
    'ORDER-1 ',
    ' ORDER-1',
    '\u00a0ORDER-1',
    'ORDER-1\ufeff',
    'ORD\u200bER',
    'ORDER\u202e1',
    'ORDER\u00ad1',
    'ORDER\t1',
    'ORDER\n1',
    'ORDER\u00001',
    'ORDER\u20281',
    'ORDER\ud8001',
    'ORDER\ue0001',
    'ORDER\u{e0041}',
    '\u3164',
    '\u2800',
    '',
    ' ',
  ])('%j is not a label', (text) => {
    expect(faultOfLabel(text)).not.toBeNull();
  });

  it.each(['Paid in full.', 'Line one\nline two\tend', '✓ delivered, see mail'])('%j is a sentence', (text) => {
    expect(faultOfSentence(text)).toBeNull();
  });

  it.each(['', ' ', '\u00a0', '\u200b', '\u200b\u200d', '\u3164', 'a\u0000b', 'a ', '\u0301'])(
    '%j is not a sentence',
    (text) => {
      expect(faultOfSentence(text)).not.toBeNull();
    },
  );

  it.each(['Ana', "O'Neill-Muñoz", 'José María', '王小明', 'می\u200cخواهم', 'क्\u200dष'])('%j is a name', (text) => {
    expect(faultOfName(text)).toBeNull();
  });

  it.each(['', ' ', ' Ana', 'Ana\u00a0', 'A\u0000', 'A\nB', 'A\u202eB', '\u200fA', '\u3164', '\u0301', 'A\ud800'])(
    '%j is not a name',
    (text) => {
      expect(faultOfName(text)).not.toBeNull();
    },
  );

  it('is compared in one Unicode form', () => {
    expect(comparable('CAFE\u0301')).toBe(comparable('CAF\u00c9'));
  });

  it('is trimmed as a label, and a label is never invisible', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        if (faultOfLabel(text) !== null) return;
        expect(text.trim()).toBe(text);
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
  });
});

describe('a date-time from outside', () => {
  it('must exist in the calendar', () => {
    expect(readDateTime('2024-02-29T23:59:59.999-03:00')?.toISOString()).toBe('2024-03-01T02:59:59.999Z');
    for (const text of [
      '2023-02-29T00:00:00Z',
      '2023-04-31T00:00:00Z',
      '2023-13-01T00:00:00Z',
      '2023-01-01T24:00:00Z',
      '2023-01-01T23:59:60Z',
      '2023-01-01T00:00:00',
      '2023-01-01',
      '0000-01-01T00:00:00Z',
      '0001-01-01T00:00:00+01:00',
      '9999-12-31T23:59:59-01:00',
      '2023-01-01 00:00:00Z',
    ]) {
      expect(readDateTime(text)).toBeNull();
    }
  });

  it('has the right number of days in each month, in leap years too', () => {
    expect([1900, 2000, 2023, 2024].map((year) => isCalendarDay(year, 2, 29))).toEqual([false, true, false, true]);
  });
});
