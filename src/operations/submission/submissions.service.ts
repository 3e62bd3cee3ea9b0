import { Injectable } from '@nestjs/common';
import { AppVault } from '../../crypto/app-vault.js';
import { Ledger } from '../../ledger/ledger.service.js';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import type { NewTransaction } from '../../ledger/model/new-transaction.js';
import type { RecordResult } from '../../ledger/writes/record.js';
import { asRecorded } from '../../ledger/writes/recorded.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { Problem } from '../../common/problem.js';
import { canonicalJson } from './request-fingerprint.js';
import type { Draft } from './draft.js';
import type { Submission } from './submission.js';
import { sendTimeOf, toNewTransaction } from './to-new-transaction.js';
import { UnconfirmedCommits } from '../execution/unconfirmed-commits.service.js';
import { insufficientFloat, keyReused, refusalOf } from './submission-problems.js';
import { SendAdmission } from '../execution/send-admission.service.js';
import { sealSecret } from '../sealed-payload.js';
import { TransactionWatcher } from '../../ledger/reads/transaction-watcher.service.js';
import { AttemptRunner } from '../execution/attempt-runner.service.js';
import { assertDeclared } from './assert-declared.js';

export interface Submitted {
  readonly transaction: Transaction;
  /** The key was used before with the same request. */
  readonly replayed: boolean;
}

type Begun =
  | Extract<RecordResult, { kind: 'known' }>
  | {
      readonly kind: 'recorded';
      readonly recorded: Transaction;
      /** null: it is sent when it is due. */
      readonly running: Promise<Transaction> | null;
    };

/** Records a requested operation and begins its attempt. The caller decides how long the response waits for its end. */
@Injectable()
export class Submissions {
  constructor(
    private readonly ledger: Ledger,
    private readonly reader: LedgerReader,
    private readonly vault: AppVault,
    private readonly admission: SendAdmission,
    private readonly runner: AttemptRunner,
    private readonly watcher: TransactionWatcher,
    private readonly unconfirmed: UnconfirmedCommits,
  ) {}

  /**
   * Records the draft durably, sends it, and waits for the end as long as the caller wants. `make` validates the request.
   * A request that is invalid now may repeat one that was valid when it was made; its transaction is returned.
   * @throws Problem `validation_failed`, `idempotency_key_reused`, `reference_conflict`, `possible_duplicate`,
   * `insufficient_float`, `overloaded`
   */
  async submit(make: () => Draft | Promise<Draft>, submission: Submission): Promise<Submitted> {
    const requestMac = this.macOf(submission);
    let draft: Draft;
    try {
      draft = await make();
    } catch (error) {
      const known = error instanceof Problem ? await this.findRepeated(submission, requestMac) : null;
      if (!known) throw error;
      return { transaction: await this.wait(known, submission.waitMs), replayed: true };
    }
    const begun = await this.admission.enter(() => this.begin(draft, submission, requestMac));
    if (begun.kind === 'known') return this.answerKnown(begun, draft, submission);
    const { recorded, running } = begun;
    if (!running) return { transaction: await this.wait(recorded, submission.waitMs), replayed: false };
    return { transaction: await this.waitFor(running, recorded, submission.waitMs), replayed: false };
  }

  private async findRepeated(submission: Submission, requestMac: Buffer): Promise<Transaction | null> {
    return this.reader.findByKey(submission.appId, submission.idempotencyKey, submission.item ?? 0, requestMac);
  }

  /** Records the draft and begins its attempt, if it has one now. */
  private async begin(draft: Draft, submission: Submission, requestMac: Buffer): Promise<Begun> {
    assertDeclared(draft);
    const isLater = sendTimeOf(draft) !== null;
    const leaseMs = isLater ? null : this.admission.leaseFor(draft);
    const expectedInMs = isLater ? null : await this.admission.expectedMs(draft, leaseMs === null);
    const sealed = sealSecret(await this.vault.of(submission.appId), draft.secret);
    const leasedAtMs = performance.now();
    const duplicateMac =
      draft.duplicateOf === undefined ? null : this.vault.gateway.mac('duplicate-guard', draft.duplicateOf);
    const prepared = { requestMac, duplicateMac, sealed, leaseMs, expectedInMs };
    const transaction = toNewTransaction(draft, submission, prepared);
    const result = await this.record(transaction);
    if (result.kind === 'uncovered') throw insufficientFloat();
    if (result.kind === 'known') return result;
    const recorded = asRecorded(transaction, result.createdAt);
    if (leaseMs === null) return { kind: 'recorded', recorded, running: null };
    const { isCovered } = result;
    const running = this.runner.startRecorded(recorded, { leasedAtMs, isCovered, body: draft.secret.body });
    return { kind: 'recorded', recorded, running };
  }

  private async record(transaction: NewTransaction): Promise<RecordResult> {
    try {
      return await this.ledger.record(transaction);
    } catch (error) {
      // The commit may still happen, so it is watched. A Problem without a cause was thrown before the write.
      const isRefused = error instanceof Problem && error.cause === undefined;
      if (transaction.leaseMs !== null && !isRefused) this.unconfirmed.watch(transaction.id);
      throw error;
    }
  }

  /** For a batch, whose items share one key. @throws Problem `idempotency_key_reused` */
  async assertKeyIsFor(submission: Submission): Promise<void> {
    const { appId, idempotencyKey } = submission;
    if (await this.reader.isKeyOfAnother(appId, idempotencyKey, this.macOf(submission))) throw keyReused();
  }

  private macOf({ request }: Submission): Buffer {
    return this.vault.gateway.mac('request', canonicalJson(request));
  }

  /** Waits until the transaction is final or `unknown`. */
  async wait(transaction: Transaction, waitMs: number): Promise<Transaction> {
    return this.watcher.untilEnd(transaction, waitMs);
  }

  private async waitFor(running: Promise<Transaction>, recorded: Transaction, waitMs: number): Promise<Transaction> {
    if (waitMs <= 0) return recorded;
    const startedAt = performance.now();
    const first = await within(waitMs, running, recorded);
    if (first === null) return (await this.reader.find(recorded.id, recorded.appId)) ?? recorded;
    return this.wait(first, waitMs - (performance.now() - startedAt));
  }

  private async answerKnown(
    known: Extract<RecordResult, { kind: 'known' }>,
    draft: Draft,
    submission: Submission,
  ): Promise<Submitted> {
    const refusal = refusalOf(known, draft.type, submission.appId);
    if (refusal) throw refusal;
    const transaction = await this.reader.require({ id: known.id, appId: submission.appId });
    return { transaction: await this.wait(transaction, submission.waitMs), replayed: true };
  }
}

/**
 * The transaction after its attempt; null: `waitMs` passed first. If the outcome could not be written, the recorded
 * state is returned.
 */
function within(waitMs: number, running: Promise<Transaction>, recorded: Transaction): Promise<Transaction | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), waitMs);
    const end = (transaction: Transaction): void => {
      clearTimeout(timer);
      resolve(transaction);
    };
    running.then(end, () => end(recorded));
  });
}
