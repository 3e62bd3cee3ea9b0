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

describe('the firewall for card numbers', () => {
  it('finds every card of the corpus', () => {
    const cards = texts('cards');
    expect(cards.length).toBeGreaterThan(500);
    expect(cards.filter(({ text }) => !holdsCardNumber(text))).toEqual([]);
  });

  it('refuses no legal text of the corpus', () => {
    const clean = texts('clean');
    expect(clean.length).toBeGreaterThan(2_000);
    expect(clean.filter(({ text }) => holdsCardNumber(text))).toEqual([]);
  });

  it('is tested with legal texts that a mere count of digits would refuse', () => {
    // The corpus proves something only if it fails a check that merely counts digits.
    const naive = texts('clean').filter(({ text }) => text.replace(/\D/g, '').length >= 13);
    expect(naive.length).toBeGreaterThan(500);
  });
});

const CARD = '4111 1111 1111 1111';

describe('the search for card numbers in a JSON value', () => {
  it.each<[string, unknown, string[]]>([
    ['a member with a card', { a: CARD }, ['/a']],
    ['a card in a nested member', { a: [{ b: { 'c/d': CARD } }] }, ['/a/0/b/c~1d']],
    ['a card as a number', { a: 4111111111111111 }, ['/a']],
    ['a card as a number that a float cannot hold', { a: Number('6799990100000000019') }, ['/a']],
    ['a card that is the whole value', CARD, ['']],
    ['each of several cards', [CARD, 'x', CARD], ['/0', '/2']],
    ['a card as the name of a member, and reports the object', { a: { [CARD]: 'x' } }, ['/a']],
    [
      'members whose names say that they are of a card',
      { metadata: { 'Card-Number': 'x', CVV: 123 } },
      ['/metadata/Card-Number', '/metadata/CVV'],
    ],
    ['nothing where no card is', { a: '12', b: 2 ** 53, c: null, d: true, e: 1.5, panorama: 'x' }, []],
  ])('finds %s', (_what, value, pointers) => {
    expect(findCards(value).map(({ pointer }) => pointer)).toEqual(pointers);
  });

  it('looks through a value nested as deep as a body can be', () => {
    const depth = 30_000;
    const value: unknown = JSON.parse(`${'['.repeat(depth)}"${CARD}"${']'.repeat(depth)}`);
    expect(findCards(value)).toHaveLength(1);
  });
});

it('a card number in a query or header is reported by the name, unless the name is the card', () => {
  const pairs: [string, string][] = [
    ['reference', CARD],
    [CARD, 'x'],
    ['limit', '5'],
  ];
  expect(findCardsIn(pairs, '?').map(({ pointer }) => pointer)).toEqual(['?reference', '?']);
});

it('the search for card numbers takes time in proportion to the length of the text', () => {
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
