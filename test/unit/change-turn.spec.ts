import fc from 'fast-check';
import { turnOf, type OtherChange, type Parts } from '../../src/operations/execution/change-turn.js';
import { partsOfUpdate } from '../../src/providers/loyalty-layer/passes/pass-change.operation.js';

function other(changes: Partial<OtherChange>): OtherChange {
  return {
    status: 'pending',
    attempts: 0,
    attemptOpen: false,
    parked: false,
    isLater: false,
    parts: new Set(['email']),
    ...changes,
  };
}

const email: Parts = new Set(['email']);
const both: Parts = new Set(['email', 'phone']);
const phone: Parts = new Set(['phone']);

describe('the turn of a change to a resource', () => {
  it.each<[turn: string, when: string, Parts, Partial<OtherChange>]>([
    ['wait', 'an earlier one is in flight', both, { attemptOpen: true, attempts: 1 }],
    ['wait', 'a later one is in flight', email, { attemptOpen: true, attempts: 1, isLater: true, parts: phone }],
    ['go', 'an earlier one waits, and nothing of it would be left', both, { attempts: 3 }],
    ['wait', 'an earlier one waits that sets something else', email, { parts: both }],
    ['go', 'an earlier one waits for an operator', email, { parts: both, parked: true }],
    ['wait', 'an earlier cancel waits', email, { parts: 'all' }],
    ['go', 'an earlier one has succeeded', email, { status: 'succeeded' }],
    ['superseded', 'a later one has taken effect', email, { status: 'succeeded', isLater: true }],
    ['superseded', 'a later one set a part of it', both, { status: 'succeeded', isLater: true }],
    ['go', 'a later one set something else', phone, { status: 'succeeded', isLater: true }],
    ['superseded', 'a later cancel has taken effect', email, { status: 'succeeded', isLater: true, parts: 'all' }],
    ['wait', 'a later one may have been executed', email, { isLater: true, attempts: 1 }],
    ['go', 'a later one has not been sent', email, { isLater: true }],
    ['go', 'it is a cancel and an earlier update waits', 'all', { attempts: 2 }],
    ['wait', 'it is a cancel and an earlier cancel waits', 'all', { parts: 'all' }],
    ['go', 'it is a cancel and a later update has taken effect', 'all', { status: 'succeeded', isLater: true }],
  ])('is "%s" when %s', (turn, _when, parts, one) => {
    expect(turnOf({ parts, attempts: 1 }, [other(one)])).toBe(turn);
  });

  it('is "go" when it was sent before and another change was never sent', () => {
    expect(turnOf({ parts: email, attempts: 2 }, [other({ parts: both })])).toBe('go');
  });
});

/** A change as in the ledger. Its position in the list is the order of recording. */
interface Model {
  readonly parts: Parts;
  status: 'pending' | 'succeeded' | 'failed';
  attempts: number;
  attemptOpen: boolean;
}

const anyParts: fc.Arbitrary<Parts> = fc.oneof(
  fc.constant<Parts>('all'),
  fc.uniqueArray(fc.constantFrom('email', 'phone', 'country', 'metadata'), { minLength: 1 }).map((all) => new Set(all)),
);

function look(all: readonly Model[], index: number): 'go' | 'wait' | 'superseded' {
  const own = all[index];
  if (!own) throw new Error('no such change');
  const others = all.flatMap((one, place) =>
    place === index ? [] : [{ ...one, parked: false, isLater: place > index } satisfies OtherChange & Model],
  );
  return turnOf(
    own,
    others.filter(({ status, isLater }) => status === 'pending' || (status === 'succeeded' && isLater)),
  );
}

describe('changes that are recorded in any order and answered in any way', () => {
  const anyWorld = fc.record({
    changes: fc.array(anyParts, { minLength: 1, maxLength: 6 }),
    steps: fc.array(fc.tuple(fc.nat(5), fc.constantFrom('succeeded', 'failed', 'doubtful', 'not-sent')), {
      maxLength: 60,
    }),
  });

  it('never block each other, and an older change never overwrites a newer one', () => {
    fc.assert(
      fc.property(anyWorld, ({ changes, steps }) => {
        const all = changes.map((parts): Model => ({ parts, status: 'pending', attempts: 0, attemptOpen: false }));
        const seen = new Map<string, number>();
        // After any history, every change ends when the provider answers.
        const ends = Array.from({ length: 40 }, (_none, step) => [step, 'succeeded'] as const);
        for (const [choice, end] of [...steps, ...ends]) {
          const index = choice % all.length;
          const own = all[index];
          if (own?.status !== 'pending') continue;
          own.attempts += 1;
          own.attemptOpen = true;
          const turn = look(all, index);
          own.attemptOpen = false;
          if (turn !== 'go' || end === 'not-sent') own.attempts -= 1;
          if (turn === 'superseded') own.status = 'failed';
          if (turn !== 'go' || end === 'not-sent') continue;
          if (end !== 'failed') {
            const parts = own.parts === 'all' ? ['email', 'phone', 'country', 'metadata'] : [...own.parts];
            for (const part of parts) seen.set(part, index);
          }
          if (end !== 'doubtful') own.status = end;
        }
        expect(all.filter(({ status }) => status === 'pending')).toEqual([]);
        if (all.some(({ parts }) => parts === 'all')) return;
        for (const [part, index] of seen) {
          const newest = all.findLastIndex(
            ({ parts, status }) => parts !== 'all' && parts.has(part) && status === 'succeeded',
          );
          if (newest >= 0) expect(index).toBeGreaterThanOrEqual(newest);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

it('an update sets each holder member that it names, and the metadata as a whole', () => {
  expect([...partsOfUpdate({ holder: { email: 'a***', country: 'BR' }, metadata: {} })]).toEqual([
    'holder.email',
    'holder.country',
    'metadata',
  ]);
  expect([...partsOfUpdate({ holder: { phone: '+55***' } })]).toEqual(['holder.phone']);
});
