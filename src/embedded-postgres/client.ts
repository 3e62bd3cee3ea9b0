import { createHmac } from 'node:crypto';
import { Client, DatabaseError, escapeIdentifier, escapeLiteral } from 'pg';

const HOST = '127.0.0.1';
/** The role that the cluster is made with: it owns the databases and changes their schema. */
export const OWNER = 'app';
/** What the gateway works as: it owns nothing. */
const APPLICATION = 'gateway';
/** Key of the advisory lock that lets one start make the role. */
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

/** What answered on a port: our server, our server still in recovery, or nothing that takes our password. */
export type Answer =
  | { readonly kind: 'ready'; readonly dataDirectory: string }
  | { readonly kind: 'starting' }
  | { readonly kind: 'none' };

/** With which URLs `database` is reached, by the gateway and by whoever changes its schema. */
export function urlsOf(port: number, password: string, database: string): { url: string; migrationUrl: string } {
  const urlOf = (user: string, secret: string): string =>
    `postgres://${user}:${encodeURIComponent(secret)}@${HOST}:${port}/${database}`;
  return { url: urlOf(APPLICATION, applicationPassword(password)), migrationUrl: urlOf(OWNER, password) };
}

/** Follows from the owner's and does not lead back to it: nothing more to keep, or to lose. */
function applicationPassword(password: string): string {
  return createHmac('sha256', password).update(`the password of the role ${APPLICATION}`).digest('base64url');
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

/** Makes the role that the gateway works as, when the cluster does not have it yet with this password. */
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
  user = OWNER,
): Promise<T> {
  // `ssl` is said, because PGSSLMODE would otherwise decide.
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
