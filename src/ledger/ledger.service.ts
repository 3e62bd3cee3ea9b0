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
import { dueCount, hasDueOlderThan } from './reads/due.js';
import { makeDue, makeSiblingsDue } from './writes/make-due.js';
import type { Resource, Transaction } from './model/transaction.js';

const MAX_BATCH_ROWS = 256;
/** About one second of writes. Beyond it, requests are rejected before anything is recorded. */
const MAX_WAITING_RECORDS = 2_000;
/** A record that waits longer shows that the database cannot keep up: more are rejected at once. */
const MAX_RECORD_WAIT_MS = 500;
/** Outcomes are never rejected as long as memory allows. */
const MAX_WAITING_SETTLEMENTS = 20_000;
/** A caller waits for the record and should learn soon that the database is unavailable. */
const RECORD_RETRY_MS = 3_000;

/** The members of a transaction that its settlement needs. */
export type Settling = Pick<Transaction, 'id' | 'appId' | 'provider' | 'status' | 'quantity' | 'unit'>;

/**
 * Writes transactions, events, entries and resources; no other room does. A settlement also writes the reported balance
 * and the state of the notification in its commit.
 */
@Injectable()
export class Ledger {
  /**
   * `changed`: a commit of this process changed a transaction. `correlated`: a commit stored the provider's id of a
   * transaction. `claimInDoubt`: the commit of a claim was not confirmed.
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

  /** Records a new transaction durably, or returns its conflict. Resolves after the commit. */
  async record(transaction: NewTransaction): Promise<RecordResult> {
    const found = this.accountsOf(transaction);
    const accounts = found instanceof Promise ? await found : found;
    if (this.writeDelay.isExhausted) throw overloaded();
    return this.writeDelay.during(this.records.push({ ...transaction, accounts }));
  }

  /** True when the float at the provider would cover the transaction now. */
  isCovered(transaction: Covered): Promise<boolean> {
    return isCovered(this.database, transaction);
  }

  /** The conflict that a transaction would have now; records nothing. */
  conflict(probe: Probe): Promise<Conflict | null> {
    return findConflict(this.database, probe);
  }

  /**
   * Writes a status transition of a transaction, or adds evidence to it. Resolves after the commit; `moved: false` when
   * the transaction has changed since the writer read it.
   * @throws Error when the transition is illegal (raises an alarm)
   */
  async settle(transaction: Settling, settlement: Omit<Settlement, 'id' | 'appId' | 'from'>): Promise<Settled> {
    const { id, appId, status: from, quantity } = transaction;
    if (settlement.to !== null && !isLegalTransition(from, settlement.to)) {
      alarm('illegal_transition', { transactionId: id, from, to: settlement.to }, 'illegal status transition rejected');
      throw new Error(`illegal status transition from ${from} to ${settlement.to}`);
    }
    const found = this.accountsOf(transaction);
    // The ids are cached, unless this process has not yet recorded or prepared a transaction of this app and unit.
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

  /** Loads the account ids for settling, so that the outcome can be written as soon as the database is available. */
  async prepare(transaction: Pick<Settling, 'appId' | 'provider' | 'unit'>): Promise<void> {
    await this.accountsOf(transaction);
  }

  /** Changes a held transaction; false when it has changed since the writer read it. */
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

  /** Claims this transaction, due or not; null when another worker has it, or nothing is left to do. */
  async claimOne(transaction: Transaction, lease: Pick<ClaimRequest, 'leaseMs' | 'actor'>): Promise<Claim | null> {
    return claimOne(this.database, transaction, lease, this.onDoubt);
  }

  /** Stores the positions in a batch and returns the members' ids in that order. Resolves after the commit. */
  async bindBatch(batchId: string, members: readonly BatchMember[]): Promise<readonly string[]> {
    return bindBatch(this.database, batchId, members);
  }

  /** True when a due transaction of a provider has waited longer than `forMs`. */
  hasDueOlderThan(provider: string, forMs: number): Promise<boolean> {
    return hasDueOlderThan(this.database, provider, forMs);
  }

  /** Number of due operations of a type that are not claimed, counted up to `most`. */
  dueCount(provider: string, type: string, most: number): Promise<number> {
    return dueCount(this.database, provider, type, most);
  }

  /** Makes all waiting transactions of a provider due now. */
  makeDue(provider: string): Promise<void> {
    return makeDue(this.database, provider);
  }

  /** Makes pending transactions on the same resource due now. */
  makeSiblingsDue(transaction: Pick<Transaction, 'resourceId' | 'appId'>): Promise<void> {
    return makeSiblingsDue(this.database, transaction);
  }

  /**
   * Writes a resource's state that the provider reported; null: it has changed since it was read, and was not written.
   */
  async refreshResource(known: Resource, news: ResourceNews): Promise<Resource | null> {
    return refreshResource(this.database, known, news);
  }

  private accountsOf(of: Pick<Settling, 'appId' | 'provider' | 'unit'>): AccountPair | Promise<AccountPair> | null {
    return of.unit === null ? null : this.accounts.pair(of.appId, of.provider, of.unit);
  }
}

function overloaded(): Problem {
  return new Problem('overloaded', 'Too many requests are waiting to be recorded. Retry shortly.', {
    retryAfterSeconds: 1,
  });
}

/** Rows that can conflict with each other are written one after the other. */
function contendedKeys(row: RecordRow): string[] {
  const keys: string[] = [];
  if (row.idempotencyKey !== null) keys.push(`key:${row.appId}:${row.idempotencyItem}:${row.idempotencyKey}`);
  if (row.reference !== null) keys.push(`ref:${row.referenceScope}:${row.type}:${row.reference}`);
  if (row.duplicateMac !== null) keys.push(`dup:${row.duplicateMac.toString('base64')}`);
  return keys;
}
