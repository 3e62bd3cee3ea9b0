import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { holdsCardNumber } from '../../src/api/card-firewall/card-number.js';
import { findCards, findCardsIn } from '../../src/api/card-firewall/find-cards.js';
import { at } from '../support/http.js';

const corpus: unknown = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'fixtures', 'card-corpus.json'), 'utf8'),
);

function texts(kind: 'cards' | 'clean'): { what: string; text: string }[] {
  const list = at(corpus, kind);
  if (!Array.isArray(list)) throw new Error('no corpus');
  return list.map((one) => ({ what: String(at(one, 'what')), text: String(at(one, 'text')) }));
}

describe('the corpus', () => {
  it('has no card that is let through', () => {
    const cards = texts('cards');
    expect(cards.length).toBeGreaterThan(500);
    expect(cards.filter(({ text }) => !holdsCardNumber(text))).toEqual([]);
  });

  it('has nothing legal that is refused', () => {
    const clean = texts('clean');
    expect(clean.length).toBeGreaterThan(2_000);
    expect(clean.filter(({ text }) => holdsCardNumber(text))).toEqual([]);
  });

  it('is found by neither half of the check alone', () => {
    // The corpus proves something only if it fails a check that merely counts digits.
    const naive = texts('clean').filter(({ text }) => text.replace(/\D/g, '').length >= 13);
    expect(naive.length).toBeGreaterThan(500);
  });
});

const CARD = '4111 1111 1111 1111';

describe('a JSON value', () => {
  it.each<[string, unknown, string[]]>([
    ['a member', { a: CARD }, ['/a']],
    ['deep', { a: [{ b: { 'c/d': CARD } }] }, ['/a/0/b/c~1d']],
    ['a number', { a: 4111111111111111 }, ['/a']],
    ['a number that JSON cannot hold exactly', { a: Number('6799990100000000019') }, ['/a']],
    ['text alone', CARD, ['']],
    ['several', [CARD, 'x', CARD], ['/0', '/2']],
    ['a name, told by its object', { a: { [CARD]: 'x' } }, ['/a']],
    [
      'a member that says what it is',
      { metadata: { 'Card-Number': 'x', CVV: 123 } },
      ['/metadata/Card-Number', '/metadata/CVV'],
    ],
    ['nothing', { a: '12', b: 2 ** 53, c: null, d: true, e: 1.5, panorama: 'x' }, []],
  ])('%s', (_what, value, pointers) => {
    expect(findCards(value).map(({ pointer }) => pointer)).toEqual(pointers);
  });

  it('nested as deep as a body can be is looked through', () => {
    const depth = 30_000;
    const value: unknown = JSON.parse(`${'['.repeat(depth)}"${CARD}"${']'.repeat(depth)}`);
    expect(findCards(value)).toHaveLength(1);
  });
});

it('a query or header tells the name, unless the name is the card', () => {
  const pairs: [string, string][] = [
    ['reference', CARD],
    [CARD, 'x'],
    ['limit', '5'],
  ];
  expect(findCardsIn(pairs, '?').map(({ pointer }) => pointer)).toEqual(['?reference', '?']);
});

it('takes time in proportion to the length', () => {
  /** The shortest time of several runs, because other load on the machine only adds time. */
  const cost = (text: string): number =>
    Math.min(
      ...Array.from({ length: 7 }, () => {
        const startedAt = performance.now();
        holdsCardNumber(text);
        return performance.now() - startedAt;
      }),
    );
  for (const unit of ['4', '4 ', '4-', '4111 ']) {
    // Eight times the length takes about eight times the time (linear), not 64 times (quadratic).
    expect(cost(unit.repeat(64_000)) / cost(unit.repeat(8_000))).toBeLessThan(30);
  }
});
