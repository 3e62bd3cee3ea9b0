import { Client } from 'pg';
import type { TestDatabase } from './database.js';

export type Row = Record<string, unknown>;

/** A test object with a database, mostly a `World`. */
interface WithDatabase {
  readonly database: TestDatabase;
}

/** Runs one statement with the role of the gateway. */
export async function sql({ database }: WithDatabase, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  return query(database.url, text, values);
}

/** Runs one statement with the owner's role, which can change append-only rows after disabling their triggers. */
export function sqlAsOwner({ database }: WithDatabase, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  return query(database.adminUrl, text, values);
}

export async function query(url: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  return withClient(url, async (client) => (await client.query<Row>(text, [...values])).rows);
}

/** Runs `use` with a new connection and closes it afterwards, also after an error. */
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
