import { TransactionLoader } from '../../src/ledger/reads/transaction-loader.js';

describe('rows that are requested together', () => {
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

  it('are read by a later statement than those already under way, and at most two run at once', async () => {
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

  it('fail with the error of their own statement only, and the next statement runs', async () => {
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
