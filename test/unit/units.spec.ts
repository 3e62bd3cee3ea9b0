import { assertDeclared } from '../../src/operations/submission/assert-declared.js';
import { PERSONAL_MEMBERS, withoutPersonal } from '../../src/providers/declared.js';
import { decimalsByUnit, formatQuantity, isDeclaredUnit, parseQuantity, UNITS } from '../../src/providers/units.js';

it.each([
  [1000n, 'MXN', '10.00'],
  [5n, 'MXN', '0.05'],
  [-1n, 'MXN', '-0.01'],
  [9_007_199_254_740_993n, 'MXN', '90071992547409.93'],
  [3000n, 'LATAM_PASS_POINTS', '3000'],
  [1n, 'PASS:gold', '1'],
  // Currencies of statements and balances that no manifest declares.
  [1234n, 'USD', '12.34'],
  [1234n, 'BRL', '12.34'],
])('the quantity %s %s is written without loss', (amount, unit, value) => {
  expect(formatQuantity(amount, unit)).toEqual({ value, unit });
});

it.each([
  ['10.5', 'MXN', 1050n],
  ['10.005', 'MXN', null],
  ['12.34', 'BRL', 1234n],
  ['3000', 'LATAM_PASS_POINTS', 3000n],
  ['3000.5', 'LATAM_PASS_POINTS', null],
])('the text %s is read as a quantity of %s', (text, unit, amount) => {
  expect(parseQuantity(text, unit)).toBe(amount);
});

describe('the units of the manifests', () => {
  it('are one list without repetition', () => {
    expect(UNITS).toEqual(['LATAM_PASS_POINTS', 'PASS:<planId>', 'MXN']);
    expect([...decimalsByUnit([{ units: { MXN: 2, KWD: 3 } }, { units: { MXN: 2 } }])]).toEqual([
      ['MXN', 2],
      ['KWD', 3],
    ]);
  });

  it('must not contain one unit with different decimals', () => {
    expect(() => decimalsByUnit([{ units: { MXN: 2 } }, { units: { MXN: 0 } }])).toThrow(
      'the unit MXN is declared twice, with different decimals',
    );
  });

  it.each([
    ['MXN', true],
    ['PASS:gold', true],
    ['PASS:', false],
    ['PASS', false],
    ['BRL', false],
    ['MXN2', false],
    ['toString', false],
  ])('contain %s: %s', (unit, isDeclared) => {
    expect(isDeclaredUnit(unit)).toBe(isDeclared);
  });
});

describe('a draft', () => {
  const topup = (unit: string, personal = {}) => ({
    type: 'topup',
    quantity: { amount: 1n, unit },
    secret: { personal, body: '' },
  });

  it('with declared members and unit is accepted', () => {
    expect(() => assertDeclared(topup('MXN', { phoneNumber: '5537686660' }))).not.toThrow();
    expect(() => assertDeclared({ ...topup('MXN'), quantity: null })).not.toThrow();
  });

  it('in a unit that no manifest declares is refused', () => {
    expect(() => assertDeclared(topup('BRL'))).toThrow('no manifest declares the unit BRL of topup');
  });

  it('with a personal member of another type is refused', () => {
    expect(() => assertDeclared(topup('MXN', { holder: 'Ana' }))).toThrow(
      'the manifest does not declare holder of topup as personal',
    );
  });
});

it('a member that is personal in one type stays in another', () => {
  const detail = { phoneNumber: '55••••60', holder: 'A•••', member: 'M•••' };
  expect(PERSONAL_MEMBERS).toMatchObject({ topup: ['phoneNumber'], correction: [] });
  expect(withoutPersonal('topup', detail)).toEqual({ ...detail, phoneNumber: null });
  expect(withoutPersonal('accrual', detail)).toEqual({ ...detail, member: null });
  expect(withoutPersonal('correction', detail)).toEqual(detail);
});
