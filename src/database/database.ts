import type { Pool, PoolClient, QueryResultRow } from 'pg';
import { DatabaseError } from 'pg';
import { Problem } from '../common/problem.js';
import { silenceOf, type DeadConnectionReaper } from './dead-connection-reaper.js';

/** SQLSTATEs that the gateway acts on (PostgreSQL, appendix A). */
export const SQLSTATE = {
  uniqueViolation: '23505',
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  readOnlyTransaction: '25006',
  insufficientPrivilege: '42501',
} as const;

/**
 * What PostgreSQL says of a value: a character that it cannot store, a number out of range, text that is no number, date or
 * UUID.
 */
const REFUSED_INPUT = new Set(['22001', '22003', '22007', '22008', '22021', '22P02', '22P03', '22P05']);

/** Classes of SQLSTATE that say "not now" instead of "wrong": connection, resources, operator intervention, I/O. */
const UNAVAILABLE_CLASSES = new Set(['08', '53', '57', '58']);

/** What pg says of a connection that is not there; these errors have no code. */
const UNAVAILABLE_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed/;

/** Statements of the hot path take milliseconds; who waits longer has a dead connection and tries another one. */
const PREPARED_TIMEOUT_MS = 5_000;
/** The server ends other statements within 30 s. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** Who hears nothing for so long after that has a connection that died in silence. */
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

/** Of these, the ones that come only before there is a connection. */
const NEVER_CONNECTED_CODES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * The one door to PostgreSQL for hand-written SQL: always parameterised. An error means that nobody knows whether the
 * statement took effect when `isUnavailable` says so; otherwise it did not.
 */
export class Database {
  private readonly deadConnections: DeadConnectionReaper;

  constructor(readonly pool: Pool) {
    this.deadConnections = silenceOf(pool, STATEMENT_TIMEOUT_MS + GRACE_MS);
  }

  async query<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const result = await this.pool.query<Row>(text, [...values]);
    return result.rows;
  }

  /**
   * The same through a named prepared statement: for the hot path. A name stands for one text for ever. With callbacks, so
   * that a connection is given back in the very turn in which it has answered.
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

  /** A connection for work whose statements the server ends after `statementMs`; it is not used by others afterwards. */
  async apart<T>(statementMs: number, work: (client: PoolClient) => Promise<T>): Promise<T> {
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

/** True when the database could not be asked, or its answer was lost: the statement may or may not have taken effect. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    const state = error.code ?? '';
    return UNAVAILABLE_CLASSES.has(state.slice(0, 2)) || state === SQLSTATE.readOnlyTransaction;
  }
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'string' && UNAVAILABLE_CODES.has(code)) return true;
  return UNAVAILABLE_MESSAGES.test(error.message);
}

/** True when there was no connection to send the statement on: it took no effect. */
export function neverConnected(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return 'code' in error && typeof error.code === 'string' && NEVER_CONNECTED_CODES.has(error.code);
}

/** True when the statement took no effect because of a value in it. */
export function isRefusedInput(error: unknown): boolean {
  return error instanceof DatabaseError && REFUSED_INPUT.has(error.code ?? '');
}

/** Two transactions stood in each other's way and this one was undone: it may be tried again as it is. */
export function isUndone(error: unknown): boolean {
  const code = error instanceof DatabaseError ? error.code : undefined;
  return code === SQLSTATE.deadlockDetected || code === SQLSTATE.serializationFailure;
}

/** What a caller is told while the database cannot serve. */
export function databaseUnavailable(cause: unknown): Problem {
  return new Problem('overloaded', "The gateway's database is temporarily unavailable; retry shortly.", {
    retryAfterSeconds: 2,
    cause,
  });
}
