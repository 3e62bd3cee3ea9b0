import { EventEmitter } from 'node:events';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { OUTCOME_RETRY_MS, retryWhileUnavailable } from '../database/wait-out.js';
import { alarm } from '../common/alarm.js';
import { metrics } from '../common/metrics.js';
import { Problem } from '../common/problem.js';
import { Accounts, type AccountPair } from './writes/accounts.js';
import { amend, type Amendment } from './writes/amend.js';
import { bindBatch, type BatchMember } from './writes/bind-batch.js';
import { GroupCommit } from '../database/group-commit.js';
import { isCovered, type Covered } from './writes/float-coverage.js';
import { claimDue, claimOne, type Claim, type ClaimRequest } from './writes/claim.js';
import { isLegalTransition } from './model/status-transitions.js';
import type { NewTransaction } from './model/new-transaction.js';
import { findConflict, type Conflict, type Probe } from './writes/conflicts.js';
import { WriteDelayGuard } from './writes/write-delay-guard.js';
import { record, type RecordResult, type RecordRow } from './writes/record.js';
import { refreshResource, type ResourceNews } from './writes/refresh-resource.js';
import { settle, type Settled, type Settlement, type SettleRow } from './writes/settle.js';
import { hastenSiblings } from './reads/siblings.js';
import type { Resource, Transaction } from './model/transaction.js';

const MAX_BATCH_ROWS = 256;
/** About what is recorded in a second; who comes then is told to come again, before anything of his is recorded. */
const MAX_WAITING_RECORDS = 2_000;
/** A record that waits longer shows that the database cannot keep up: who comes then is refused at once. */
const MAX_RECORD_WAIT_MS = 500;
/** Outcomes are never refused as long as memory allows. */
const MAX_WAITING_SETTLEMENTS = 20_000;
/** A caller waits for the record: it is told soon that the database is away. */
const RECORD_RETRY_MS = 3_000;

/** What of the transaction a settlement needs to know. */
export type Settling = Pick<Transaction, 'id' | 'appId' | 'provider' | 'status' | 'quantity' | 'unit'>;

/** The only writer of transactions, events, entries and resources. */
@Injectable()
export class Ledger {
  /**
   * Emits a transaction's id after a commit that changed it, with what is known of the change in this process; and the
   * id by which its provider speaks of it, after a commit that brought one. And the id of a claim whose commit was not
   * confirmed.
   */
  readonly changes = new EventEmitter<{
    changed: [id: string];
    correlated: [provider: string, correlationId: string];
    claimInDoubt: [claimId: string];
  }>();

  private readonly onDoubt = (claimId: string): void => void this.changes.emit('claimInDoubt', claimId);
  private readonly accounts: Accounts;
  private readonly writeDelay = new WriteDelayGuard({ rows: 2 * MAX_BATCH_ROWS, ms: MAX_RECORD_WAIT_MS });
  private readonly records: GroupCommit<RecordRow, RecordResult>;
  private readonly settlements: GroupCommit<SettleRow, Settled>;

  constructor(private readonly database: Database) {
    this.changes.setMaxListeners(0);
    this.accounts = new Accounts(database);
    this.records = new GroupCommit<RecordRow, RecordResult>({
      write: (rows) => record(database, rows),
      keysOf: contendedKeys,
      maxRows: MAX_BATCH_ROWS,
      maxWaitingRows: MAX_WAITING_RECORDS,
      retryForMs: RECORD_RETRY_MS,
      onBatch: (rows) => metrics.commitBatchRows.observe({ statement: 'record' }, rows),
    });
    this.settlements = new GroupCommit<SettleRow, Settled>({
      write: (rows, retried) => settle(database, rows, retried),
      keysOf: (row) => [row.id],
      maxRows: MAX_BATCH_ROWS,
      maxWaitingRows: MAX_WAITING_SETTLEMENTS,
      retryForMs: OUTCOME_RETRY_MS,
      onBatch: (rows) => metrics.commitBatchRows.observe({ statement: 'settle' }, rows),
    });
  }

  /** Records a new transaction durably, or says what stands in its way. Resolves after the commit. */
  async record(transaction: NewTransaction): Promise<RecordResult> {
    const found = this.accountsOf(transaction);
    const accounts = found instanceof Promise ? await found : found;
    if (this.writeDelay.isExhausted) throw overloaded();
    return this.writeDelay.during(this.records.push({ ...transaction, accounts }));
  }

  /** Whether the float at the provider would cover it at the moment. */
  isCovered(transaction: Covered): Promise<boolean> {
    return isCovered(this.database, transaction);
  }

  /** What stands in the way of a transaction like this at the moment; records nothing. */
  obstacle(probe: Probe): Promise<Conflict | null> {
    return findConflict(this.database, probe);
  }

  /**
   * Moves a transaction on, or adds evidence to it. Resolves after the commit; `moved: false` when the transaction is no
   * longer as the writer saw it.
   * @throws Error when the move is not in the table of legal moves (alarmed).
   */
  async settle(transaction: Settling, settlement: Omit<Settlement, 'id' | 'appId' | 'from'>): Promise<Settled> {
    const { id, appId, status: from, quantity } = transaction;
    if (settlement.to !== null && !isLegalTransition(from, settlement.to)) {
      alarm('illegal_move', { transactionId: id, from, to: settlement.to }, 'illegal status transition rejected');
      throw new Error(`illegal move from ${from} to ${settlement.to}`);
    }
    const found = this.accountsOf(transaction);
    // Known, but for a process that has neither recorded nor prepared anything like it.
    const accounts =
      found instanceof Promise
        ? await retryWhileUnavailable(OUTCOME_RETRY_MS, (retried) => (retried ? this.accountsOf(transaction) : found))
        : found;
    const settled = await this.settlements.push({ ...settlement, id, appId, from, accounts, quantity });
    if (!settled.moved) return settled;
    this.changes.emit('changed', id);
    const { correlationId } = settlement;
    if (typeof correlationId === 'string') this.changes.emit('correlated', transaction.provider, correlationId);
    return settled;
  }

  /** Fetches what settling the transaction takes, so that its outcome can be written when the database comes back. */
  async prepare(transaction: Pick<Settling, 'appId' | 'provider' | 'unit'>): Promise<void> {
    await this.accountsOf(transaction);
  }

  /** Changes a held transaction; false when it is no longer as the writer saw it. */
  async amend(transaction: Transaction, amendment: Amendment): Promise<boolean> {
    const accounts = await this.accountsOf(transaction);
    if (!accounts) throw new Error('only a transaction with a quantity can be amended');
    const amended = await amend(this.database, transaction, accounts, amendment);
    if (amended) this.changes.emit('changed', transaction.id);
    return amended;
  }

  async claimDue(request: ClaimRequest): Promise<Claim[]> {
    return claimDue(this.database, request, this.onDoubt);
  }

  /** Takes up this one, whenever it is due; null when somebody works on it, or nothing is to be done. */
  async claimOne(transaction: Transaction, lease: Pick<ClaimRequest, 'leaseMs' | 'actor'>): Promise<Claim | null> {
    return claimOne(this.database, transaction, lease, this.onDoubt);
  }

  /**
   * Writes down which of them goes out as which item of a batch; answers with the ids of those that do, in that order.
   * Resolves after the commit.
   */
  async bindBatch(batchId: string, members: readonly BatchMember[]): Promise<readonly string[]> {
    return bindBatch(this.database, batchId, members);
  }

  /** Whether anything that is due for a provider was there so long ago and has not been taken up. */
  async hasDueOlderThan(provider: string, forMs: number): Promise<boolean> {
    const rows = await this.database.prepared<object>(
      'ledger_has_waited',
      `select from transactions where provider = $1 and due_at <= now() and status = 'pending' and not attempt_open
         and coalesce(release_at, created_at) < now() - $2 * interval '1 ms' limit 1`,
      [provider, forMs],
    );
    return rows.length > 0;
  }

  /** How many operations of that type are due and not taken up, counted up to `most`. */
  async dueCount(provider: string, type: string, most: number): Promise<number> {
    const rows = await this.database.prepared<{ count: number }>(
      'ledger_due_count',
      `select count(*)::int as count from (
         select from transactions where provider = $1 and type = $2 and due_at <= now() limit $3) due`,
      [provider, type, most],
    );
    return rows[0]?.count ?? 0;
  }

  /** What waits for a provider is due at once: the cause of its waiting is gone. Nothing under way is touched. */
  async makeDue(provider: string): Promise<void> {
    await this.database.query(
      `update transactions set due_at = now()
       where provider = $1 and status = 'pending' and not attempt_open and not parked and due_at > now()`,
      [provider],
    );
  }

  /** What waits for its turn on the transaction's resource is looked at now. */
  async hastenSiblings(transaction: Pick<Transaction, 'resourceId' | 'appId'>): Promise<void> {
    await hastenSiblings(this.database, transaction);
  }

  /** Writes what a provider says of a resource when asked; null: it has changed since it was read, and stays so. */
  async refreshResource(known: Resource, news: ResourceNews): Promise<Resource | null> {
    return refreshResource(this.database, known, news);
  }

  private accountsOf(of: Pick<Settling, 'appId' | 'provider' | 'unit'>): AccountPair | Promise<AccountPair> | null {
    return of.unit === null ? null : this.accounts.pair(of.appId, of.provider, of.unit);
  }
}

function overloaded(): Problem {
  return new Problem('overloaded', 'Too many requests are waiting to be recorded; retry shortly.', {
    retryAfterSeconds: 1,
  });
}

/** Rows that could stand in each other's way are written one after the other. */
function contendedKeys(row: RecordRow): string[] {
  const keys: string[] = [];
  if (row.idempotencyKey !== null) keys.push(`key:${row.appId}:${row.idempotencyItem}:${row.idempotencyKey}`);
  if (row.reference !== null) keys.push(`ref:${row.referenceScope}:${row.type}:${row.reference}`);
  if (row.duplicateMac !== null) keys.push(`dup:${row.duplicateMac.toString('base64')}`);
  return keys;
}
