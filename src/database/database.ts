import type { Pool, PoolClient, QueryResultRow } from 'pg';
import { DatabaseError } from 'pg';
import { Problem } from '../common/problem.js';
import { reaperOf, type DeadConnectionReaper } from './dead-connection-reaper.js';
import { errorCode } from '../readers/error-code.js';

/** SQLSTATEs that the gateway acts on (PostgreSQL, appendix A). */
export const SQLSTATE = {
  uniqueViolation: '23505',
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  readOnlyTransaction: '25006',
  insufficientPrivilege: '42501',
} as const;

/**
 * SQLSTATEs for a bad value: a character that cannot be stored, a number out of range, or text that is not a number,
 * date or UUID.
 */
const REFUSED_INPUT = new Set(['22001', '22003', '22007', '22008', '22021', '22P02', '22P03', '22P05']);

/** SQLSTATE classes of temporary failures: connection, resources, operator intervention, I/O. */
const UNAVAILABLE_CLASSES = new Set(['08', '53', '57', '58']);

/** Messages of pg for a lost or missing connection; these errors have no code. */
const UNAVAILABLE_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed/;

/** Statements of the hot path take milliseconds. After this time the connection is dead, and another one is tried. */
const PREPARED_TIMEOUT_MS = 5_000;
/** The server cancels other statements after 30 s. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** Without a response for this further time, the connection is dead. */
const GRACE_MS = 2_000;

/** Codes of Node and pg when the server cannot be reached or the connection broke. */
const UNAVAILABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** The codes that occur only before a connection is established. */
const NEVER_CONNECTED_CODES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * Runs all hand-written SQL, always with parameters. If `isUnavailable` is true for an error, the statement may or may
 * not have taken effect; after any other error it did not.
 */
export class Database {
  private readonly deadConnections: DeadConnectionReaper;

  constructor(readonly pool: Pool) {
    this.deadConnections = reaperOf(pool, STATEMENT_TIMEOUT_MS + GRACE_MS);
  }

  async query<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const result = await this.pool.query<Row>(text, [...values]);
    return result.rows;
  }

  /**
   * The same as a named prepared statement, for the hot path. A name must always have the same text. It uses callbacks,
   * so that the connection is released in the event loop turn of the response.
   */
  prepared<Row extends QueryResultRow>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.pool.connect((error, client, release) => {
        if (!client) return reject(error ?? new Error('Connection terminated'));
        this.deadConnections.allow(client, PREPARED_TIMEOUT_MS);
        client.query<Row>({ name, text, values: [...values] }, (failure: Error | null, result) => {
          release(isUnavailable(failure));
          if (failure) reject(failure);
          else resolve(result.rows);
        });
      });
    });
  }

  /**
   * Runs `work` on a connection whose statements may take `statementMs`; `work` sets that timeout on the server. The
   * connection is closed afterwards.
   */
  async onOwnConnection<T>(statementMs: number, work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    this.deadConnections.allow(client, statementMs + GRACE_MS);
    try {
      return await work(client);
    } finally {
      client.release(true);
    }
  }

  /** Runs `work` in one transaction. Never call a provider inside. */
  async transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      const result = await work(client);
      await client.query('commit');
      client.release();
      return result;
    } catch (error) {
      const isClean = await client.query('rollback').then(
        () => true,
        () => false,
      );
      client.release(!isClean || isUnavailable(error));
      throw error;
    }
  }
}

/** True when the database could not be reached or its response was lost: the statement may have taken effect. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    const state = error.code ?? '';
    return UNAVAILABLE_CLASSES.has(state.slice(0, 2)) || state === SQLSTATE.readOnlyTransaction;
  }
  if (!(error instanceof Error)) return false;
  if (UNAVAILABLE_CODES.has(errorCode(error) ?? '')) return true;
  return UNAVAILABLE_MESSAGES.test(error.message);
}

/** True when there was no connection to send the statement: it took no effect. */
export function neverConnected(error: unknown): boolean {
  return NEVER_CONNECTED_CODES.has(errorCode(error) ?? '');
}

/** True when the statement took no effect because of a value in it. */
export function isRefusedInput(error: unknown): boolean {
  return error instanceof DatabaseError && REFUSED_INPUT.has(error.code ?? '');
}

/** True when the transaction was rolled back because of a concurrent one: it can be retried unchanged. */
export function isRolledBack(error: unknown): boolean {
  const code = error instanceof DatabaseError ? error.code : undefined;
  return code === SQLSTATE.deadlockDetected || code === SQLSTATE.serializationFailure;
}

/** The problem for callers while the database is unavailable. */
export function databaseUnavailable(cause: unknown): Problem {
  return new Problem('overloaded', "The gateway's database is temporarily unavailable. Retry shortly.", {
    retryAfterSeconds: 2,
    cause,
  });
}
