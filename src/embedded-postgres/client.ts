import { createHmac } from 'node:crypto';
import { Client, DatabaseError, escapeIdentifier, escapeLiteral } from 'pg';

const HOST = '127.0.0.1';
/** The role that initdb creates: it owns the databases and changes their schema. */
export const OWNER = 'app';
/** The role of the gateway: it owns nothing. */
const APPLICATION = 'gateway';
/** Key of the advisory lock that lets only one process at a time create the role. */
const ROLE_LOCK = 4_217_002;
const CONNECT_TIMEOUT_MS = 5_000;

/** SQLSTATEs (PostgreSQL, appendix A) that the launcher acts on. */
const SQLSTATE = {
  cannotConnectNow: '57P03',
  invalidCatalogName: '3D000',
  duplicateDatabase: '42P04',
  invalidPassword: '28P01',
  uniqueViolation: '23505',
} as const;

/** The result of a query to a port: our server, our server during recovery, or no server that accepts our password. */
export type ServerState =
  | { readonly kind: 'ready'; readonly dataDirectory: string }
  | { readonly kind: 'starting' }
  | { readonly kind: 'none' };

/** The URLs of `database` for the gateway and for migrations. */
export function urlsOf(port: number, password: string, database: string): { url: string; migrationUrl: string } {
  const urlOf = (user: string, secret: string): string =>
    `postgres://${user}:${encodeURIComponent(secret)}@${HOST}:${port}/${database}`;
  return { url: urlOf(APPLICATION, applicationPassword(password)), migrationUrl: urlOf(OWNER, password) };
}

/** Derived from the owner's password by a one-way function, so that only one password must be stored. */
function applicationPassword(password: string): string {
  return createHmac('sha256', password).update(`the password of the role ${APPLICATION}`).digest('base64url');
}

/** Queries the data folder of the server on `port`. */
export async function queryServer(port: number, password: string): Promise<ServerState> {
  try {
    return await withClient(port, password, 'postgres', async (client) => {
      const { rows } = await client.query<{ folder: string }>("select current_setting('data_directory') as folder");
      return { kind: 'ready', dataDirectory: rows[0]?.folder ?? '' };
    });
  } catch (error) {
    return { kind: hasState(error, SQLSTATE.cannotConnectNow) ? 'starting' : 'none' };
  }
}

/** Creates `database` if it does not exist. */
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
    // Another process created it at the same time.
    if (!hasState(error, SQLSTATE.duplicateDatabase) && !hasState(error, SQLSTATE.uniqueViolation)) throw error;
  }
}

/** Creates the gateway's role, or sets its password, unless the role can already log in with this password. */
export async function ensureApplication(port: number, password: string): Promise<void> {
  const secret = applicationPassword(password);
  try {
    await withClient(port, secret, 'postgres', () => Promise.resolve(), APPLICATION);
    return;
  } catch (error) {
    if (!hasState(error, SQLSTATE.invalidPassword)) throw error;
  }
  await withClient(port, password, 'postgres', async (client) => {
    await client.query('select pg_advisory_lock($1)', [ROLE_LOCK]);
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [APPLICATION]);
    const verb = rowCount === 0 ? 'create' : 'alter';
    await client.query(`${verb} role ${escapeIdentifier(APPLICATION)} login password ${escapeLiteral(secret)}`);
  });
}

/** The number of other open sessions, e.g. of another gateway on the same folder or of psql. */
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
  user = OWNER,
): Promise<T> {
  // Without an explicit `ssl` the variable PGSSLMODE would decide.
  const client = new Client({
    host: HOST,
    port,
    user,
    password,
    database,
    ssl: false,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'loyalty-gateway launcher',
  });
  // The query reports a lost connection. Without a listener the error event would end the process.
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
