import type { Pool } from 'pg';
import { ConfigError } from '../config/config.js';

const ROUNDS = 3;

/**
 * Refuses a connection pooler that gives the transactions of a connection to different sessions of the server. Locks and
 * prepared statements belong to a session. Behind such a pooler the lock of a migration is never released, and statements
 * are prepared twice. Two connections that get the same session show it.
 *
 * @throws ConfigError with the remedy
 */
export async function refuseSharedSessions(pool: Pool, variable: string): Promise<void> {
  const clients = await Promise.all([pool.connect(), pool.connect()]);
  try {
    const sessions = new Set<number>();
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const client of clients) {
        const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
        for (const { pid } of rows) sessions.add(pid);
      }
    }
    if (sessions.size !== clients.length) throw shared(variable);
  } finally {
    for (const client of clients) client.release();
  }
}

function shared(variable: string): ConfigError {
  return new ConfigError([
    `${variable} leads to a connection pooler in transaction or statement mode. The gateway keeps locks and prepared ` +
      'statements in its sessions and has a pool of its own: use the address of PostgreSQL itself, or a pooler in session ' +
      'mode. Nothing was changed',
  ]);
}
