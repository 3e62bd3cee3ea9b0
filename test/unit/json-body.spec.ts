import { readJson } from '../../src/api/json-body.js';

/** Arrays in arrays, which are valid JSON at any depth. */
const nested = (levels: number): Buffer => Buffer.from('['.repeat(levels) + ']'.repeat(levels));

it('a body of 32 levels is read', () => {
  expect(readJson(nested(32))).toHaveProperty('value');
});

it.each([33, 1_000, 30_000])(
  'a body of %i levels is refused for its depth, also when it ends the stack of the parser',
  (levels) => {
    expect(readJson(nested(levels))).toMatchObject({
      problem: { code: 'validation_failed', extras: { errors: [{ message: 'is nested more than 32 levels deep' }] } },
    });
  },
);

it('a body that is cut off is refused as invalid JSON', () => {
  expect(readJson(Buffer.from('{"points": 1'))).toMatchObject({
    problem: { extras: { errors: [{ message: 'is not valid JSON: check quotes, commas and braces' }] } },
  });
});
