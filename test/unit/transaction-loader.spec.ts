import fc from 'fast-check';
import { types } from 'pg';
import { parseTimestamp } from '../../src/database/timestamps.js';
import { TransactionLoader } from '../../src/ledger/reads/transaction-loader.js';
import { isoTime } from '../../src/operations/transactions/iso-time.js';

const moments = fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });

describe('points in time', () => {
  /** Timestamps in PostgreSQL's text format. */
  const written = fc
    .tuple(moments, fc.integer({ min: 0, max: 999 }), fc.constantFrom('+00', '+02', '-03', '+05:30'))
    .map(([date, micros, zone]) => {
      const text = date.toISOString().replace('T', ' ').replace('Z', '') + String(micros).padStart(3, '0');
      return text.replace(/\.?0+$/, '') + zone;
    });

  it('are read as the driver reads them', () => {
    const usual: unknown = types.getTypeParser(types.builtins.TIMESTAMPTZ);
    const general = (text: string): unknown =>
      typeof usual === 'function' ? Reflect.apply(usual, null, [text]) : text;
    fc.assert(
      fc.property(written, (text) => {
        const [fast, usual] = [parseTimestamp(text), general(text)].map(Number);
        // The driver multiplies a fraction, so it may be one millisecond below the written time.
        expect(Math.abs(Number(fast) - Number(usual))).toBeLessThanOrEqual(1);
      }),
    );
    expect(parseTimestamp('2026-11-21 08:30:07.57+00')).toEqual(new Date('2026-11-21T08:30:07.570Z'));
    expect(parseTimestamp('2026-11-21 08:30:07.999999+00')).toEqual(new Date('2026-11-21T08:30:07.999Z'));
    expect(parseTimestamp('infinity')).toBe(Infinity);
    expect(parseTimestamp('0044-03-15 12:00:00+00 BC')).toEqual(general('0044-03-15 12:00:00+00 BC'));
  });

  it('are written as toISOString writes them', () => {
    fc.assert(fc.property(moments, (date) => isoTime(date) === date.toISOString()));
    const steps = fc.array(fc.integer({ min: -130_000, max: 130_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(moments, steps, (start, offsets) => {
        for (const offset of offsets) {
          const date = new Date(start.getTime() + offset);
          expect(isoTime(date)).toBe(date.toISOString());
        }
      }),
    );
    expect(() => isoTime(new Date(Number.NaN))).toThrow(RangeError);
  });
});

describe('rows that are asked for together', () => {
  interface Row {
    readonly id: string;
  }

  /** A loader whose statements end when the test ends them. */
  function held(): { reads: TransactionLoader<Row>; sent: { ids: readonly string[]; end: (error?: Error) => void }[] } {
    const sent: { ids: readonly string[]; end: (error?: Error) => void }[] = [];
    const reads = new TransactionLoader<Row>(
      (ids) =>
        new Promise((resolve, reject) => {
          const rows = ids.filter((id) => !id.startsWith('none')).map((id) => ({ id }));
          sent.push({ ids, end: (error) => (error ? reject(error) : resolve(rows)) });
        }),
    );
    return { reads, sent };
  }

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

  it('are read by one statement, each by its own id', async () => {
    const { reads, sent } = held();
    const all = Promise.all(['a', 'b', 'none-1', 'a'].map((id) => reads.get(id)));
    await turn();
    expect(sent.map(({ ids }) => ids)).toEqual([['a', 'b', 'none-1']]);
    sent[0]?.end();
    expect(await all).toEqual([{ id: 'a' }, { id: 'b' }, null, { id: 'a' }]);
  });

  it('never come from a statement that was sent before, and at most two statements are under way', async () => {
    const { reads, sent } = held();
    const first = reads.get('a');
    await turn();
    const second = reads.get('a');
    await turn();
    const later = Promise.all(Array.from({ length: 150 }, (_none, index) => reads.get(`row-${index}`)));
    await turn();
    expect(sent).toHaveLength(2);
    sent[0]?.end();
    await first;
    await turn();
    expect(sent.map(({ ids }) => ids.length)).toEqual([1, 1, 100]);
    sent[1]?.end();
    await second;
    await turn();
    expect(sent.map(({ ids }) => ids.length)).toEqual([1, 1, 100, 50]);
    for (const { end } of sent.slice(2)) end();
    expect(await later).toHaveLength(150);
  });

  it('an error is told to those whose statement it was, and the next is read', async () => {
    const { reads, sent } = held();
    const failing = Promise.allSettled([reads.get('a'), reads.get('b')]);
    await turn();
    sent[0]?.end(new Error('gone'));
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const again = reads.get('a');
    await turn();
    sent[1]?.end();
    expect(await again).toEqual({ id: 'a' });
  });
});
