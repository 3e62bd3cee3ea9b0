import { canonicalJson } from '../../src/operations/submission/request-fingerprint.js';

describe('the text that compares two requests', () => {
  it('does not depend on the order of members', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' })).toBe(canonicalJson({ a: 'x', b: [{ c: null, d: 1 }] }));
  });

  it('differs for numbers that are equal as floats', () => {
    const texts = [10n ** 23n, 10n ** 23n + 1n, 9007199254740993n].map((id) => canonicalJson({ id }));
    expect(new Set(texts).size).toBe(3);
  });
});
