import { Client, DatabaseError } from 'pg';

const HOST = '127.0.0.1';
const USER = 'app';
const CONNECT_TIMEOUT_MS = 5_000;

/** SQLSTATEs (PostgreSQL, appendix A) that the launcher acts on. */
const SQLSTATE = {
  cannotConnectNow: '57P03',
  invalidCatalogName: '3D000',
  duplicateDatabase: '42P04',
  uniqueViolation: '23505',
} as const;

/** What answered on a port: our server, our server still in recovery, or nothing that takes our password. */
export type Answer =
  | { readonly kind: 'ready'; readonly dataDirectory: string }
  | { readonly kind: 'starting' }
  | { readonly kind: 'none' };

/** The URL that the gateway connects with. */
export function urlOf(port: number, password: string, database: string): string {
  return `postgres://${USER}:${encodeURIComponent(password)}@${HOST}:${port}/${database}`;
}

/** Asks the server on `port` which folder it serves. */
export async function askServer(port: number, password: string): Promise<Answer> {
  try {
    return await withClient(port, password, 'postgres', async (client) => {
      const { rows } = await client.query<{ folder: string }>("select current_setting('data_directory') as folder");
      return { kind: 'ready', dataDirectory: rows[0]?.folder ?? '' };
    });
  } catch (error) {
    return { kind: hasState(error, SQLSTATE.cannotConnectNow) ? 'starting' : 'none' };
  }
}

/** Creates `database` when the cluster does not have it yet. */
export async function ensureDatabase(port: number, password: string, database: string): Promise<void> {
  try {
    await withClient(port, password, database, () => Promise.resolve());
    return;
  } catch (error) {
    if (!hasState(error, SQLSTATE.invalidCatalogName)) throw error;
  }
  try {
    await withClient(port, password, 'postgres', (client) => client.query(`create database "${database}"`));
  } catch (error) {
    // Another start was faster.
    if (!hasState(error, SQLSTATE.duplicateDatabase) && !hasState(error, SQLSTATE.uniqueViolation)) throw error;
  }
}

/** How many sessions of others are open: another gateway on the same folder, or somebody with psql. */
export async function countSessions(port: number, password: string): Promise<number> {
  return withClient(port, password, 'postgres', async (client) => {
    const { rows } = await client.query<{ sessions: number }>(
      `select count(*)::int as sessions from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    return rows[0]?.sessions ?? 0;
  });
}

async function withClient<T>(
  port: number,
  password: string,
  database: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  // `ssl` is said, because PGSSLMODE would otherwise decide.
  const client = new Client({
    host: HOST,
    port,
    user: USER,
    password,
    database,
    ssl: false,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'loyalty-gateway launcher',
  });
  // A server that goes away in between is reported by the query; without a listener the event would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function hasState(error: unknown, state: string): boolean {
  return error instanceof DatabaseError && error.code === state;
}
