import { Client } from 'pg';
import type { TestDatabase } from './database.js';

export type Row = Record<string, unknown>;

/** Whatever has a database of its own, above all a world. */
interface WithDatabase {
  readonly database: TestDatabase;
}

/** One statement as the role that the gateway works as. */
export async function sql({ database }: WithDatabase, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  return query(database.url, text, values);
}

/** One statement as the owner, who may change what is append-only once its triggers are off. */
export function sqlAsOwner({ database }: WithDatabase, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  return query(database.adminUrl, text, values);
}

export async function query(url: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  return withClient(url, async (client) => (await client.query<Row>(text, [...values])).rows);
}

/** A connection of its own for `use`, closed however it ends. */
export async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** The names of the tables with a row whose text matches the regular expression. */
export async function tablesWith(world: WithDatabase, pattern: string): Promise<unknown[]> {
  const tables = await sql(world, `select tablename as name from pg_tables where schemaname = 'public'`);
  const having: unknown[] = [];
  for (const { name } of tables) {
    const rows = await sql(world, `select from ${String(name)} t where t::text ~ $1 limit 1`, [pattern]);
    if (rows.length > 0) having.push(name);
  }
  return having;
}
