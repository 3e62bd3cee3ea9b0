import { canonicalJson } from '../../src/operations/submission/request-fingerprint.js';

describe('the text by which two requests are compared', () => {
  it('does not depend on the order of members', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' })).toBe(canonicalJson({ a: 'x', b: [{ c: null, d: 1 }] }));
  });

  it('tells numbers apart that no float does', () => {
    const texts = [10n ** 23n, 10n ** 23n + 1n, 9007199254740993n].map((id) => canonicalJson({ id }));
    expect(new Set(texts).size).toBe(3);
  });
});
