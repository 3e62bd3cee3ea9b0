import { weighEvidence, type ObservedBalance, type Purchase, type Series } from '../../src/funds/balance-evidence.js';

describe('the verdict about an unknown purchase:', () => {
  const time = (second: number): Date => new Date(Date.UTC(2026, 0, 1) + second * 1000);
  const look = (second: number, balance: string): ObservedBalance => ({
    begunAt: time(second),
    at: time(second + 0.1),
    balance,
    transactionId: null,
  });
  const bought = (id: string, second: number, pesos: number, changes: Partial<Purchase> = {}): Purchase => ({
    id,
    amount: String(pesos * 100),
    isUnknown: true,
    from: time(second),
    to: time(second + 1),
    ...changes,
  });
  const subject = bought('u', 10, 170);
  const verdict = (changes: Partial<Series>): string =>
    weighEvidence(subject, {
      balances: [look(0, '100.00'), look(20, '90.00')],
      purchases: [subject],
      rates: ['1700'],
      ...changes,
    }).verdict;

  it.each<[string, Partial<Series>, string]>([
    ['the balance fell by its price: delivered', {}, 'proven_delivered'],
    [
      'the balance did not fall: not delivered',
      { balances: [look(0, '100.00'), look(20, '100.00')] },
      'proven_not_delivered',
    ],
    [
      'a known purchase explains the fall: not delivered',
      { purchases: [subject, bought('k', 12, 170, { isUnknown: false })] },
      'proven_not_delivered',
    ],
    [
      'a known purchase explains half of the fall: delivered',
      {
        balances: [look(0, '100.00'), look(20, '80.00')],
        purchases: [subject, bought('k', 12, 170, { isUnknown: false })],
      },
      'proven_delivered',
    ],
    [
      'another unknown purchase explains the fall as well: indeterminate',
      { purchases: [subject, bought('v', 12, 170)] },
      'indeterminate',
    ],
    [
      'only the other unknown purchase explains the fall: not delivered',
      { balances: [look(0, '100.00'), look(20, '98.24')], purchases: [subject, bought('v', 12, 30)] },
      'proven_not_delivered',
    ],
    [
      'nothing explains the fall, because others spend too: indeterminate',
      { balances: [look(0, '100.00'), look(20, '95.00')] },
      'indeterminate',
    ],
    ['money was paid in: indeterminate', { balances: [look(0, '100.00'), look(20, '150.00')] }, 'indeterminate'],
    ['no balance before is known: indeterminate', { balances: [look(20, '90.00')] }, 'indeterminate'],
    ['no balance after is known: indeterminate', { balances: [look(0, '100.00')] }, 'indeterminate'],
    [
      'the balance after was asked for too early: indeterminate',
      { balances: [look(0, '100.00'), look(10.5, '100.00')] },
      'indeterminate',
    ],
    ['no rate is known: indeterminate', { rates: [] }, 'indeterminate'],
    ['the rates disagree: indeterminate', { rates: ['1700', '1200'] }, 'indeterminate'],
    [
      'another purchase overlaps with the balance after: indeterminate',
      { purchases: [subject, bought('k', 19.5, 170, { isUnknown: false })] },
      'indeterminate',
    ],
    [
      'too many purchases are unknown: indeterminate',
      { purchases: [subject, ...Array.from({ length: 13 }, (_none, n) => bought(`v${n}`, 12, 10))] },
      'indeterminate',
    ],
  ])('%s', (_what, changes, expected) => {
    expect(verdict(changes)).toBe(expected);
  });
});
