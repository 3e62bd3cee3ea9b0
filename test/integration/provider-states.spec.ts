import type { Pool, QueryResultRow } from 'pg';
import { Database } from '../../src/database/database.js';
import { ProviderPauses } from '../../src/operations/execution/provider-pauses.service.js';
import { createDatabase, openPool, type TestDatabase } from '../support/database.js';

let place: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  place = await createDatabase();
  pool = openPool(place, 5);
});

afterAll(async () => {
  await pool.end();
  await place.drop();
});

/** A database whose first answer is delayed until `release` is called. */
class LateDatabase extends Database {
  private isFirst = true;
  release: () => void = () => undefined;
  private hasAnswered: () => void = () => undefined;
  private readonly released = new Promise<void>((resolve) => (this.release = resolve));
  readonly answered = new Promise<void>((resolve) => (this.hasAnswered = resolve));

  override async query<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const isLate = this.isFirst;
    this.isFirst = false;
    const rows = await super.query<Row>(text, values);
    if (!isLate) return rows;
    this.hasAnswered();
    await this.released;
    return rows;
  }
}

it('a pause of a provider is not undone by the answer to an earlier query', async () => {
  const database = new LateDatabase(pool);
  const states = new ProviderPauses(database);
  const before = states.reload();
  await database.answered;
  await states.pause('latcom', 'an operator', null);
  expect(states.isPaused('latcom')).toBe(true);
  database.release();
  await before;
  expect(states.isPaused('latcom')).toBe(true);
  await states.resume('latcom');
  expect(states.isPaused('latcom')).toBe(false);
});
