import fc from 'fast-check';
import { decodeJson } from '../../../src/readers/json-text.js';

const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

describe('a JSON text from outside', () => {
  it('is read in UTF-8 and both kinds of UTF-16, with and without a byte order mark', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' })), (value) => {
        const text = JSON.stringify(value);
        expect(decodeJson(Buffer.from(text))).toBe(text);
        for (const encode of [(one: string) => Buffer.from(one, 'utf16le'), utf16be]) {
          expect(decodeJson(encode(text))).toBe(text);
          expect(decodeJson(encode(`\ufeff${text}`))).toBe(text);
        }
      }),
    );
  });

  it.each([[], [0], [0x7b], [0, 0], [0xff, 0xfe], [0xfe, 0xff, 0], [0, 0x7b, 0xd8], [0x7b, 0, 0, 0], [0xc3, 0x28]])(
    'that begins with the byte %p causes no error',
    (...bytes) => {
      expect(typeof decodeJson(Buffer.from(bytes.map(Number)))).toBe('string');
    },
  );
});
