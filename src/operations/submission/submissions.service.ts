import { Injectable } from '@nestjs/common';
import { AppVault } from '../../crypto/app-vault.js';
import { newUuid, publicId } from '../../common/ids.js';
import { Ledger } from '../../ledger/ledger.service.js';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import type { NewTransaction } from '../../ledger/model/new-transaction.js';
import type { RecordResult } from '../../ledger/writes/record.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import { Problem } from '../../common/problem.js';
import { canonicalJson } from './request-fingerprint.js';
import type { Draft } from './draft.js';
import { NeverSent } from '../execution/never-sent.service.js';
import { insufficientFloat, keyReused, refusalOf } from './submission-problems.js';
import { SendAdmission } from '../execution/send-admission.service.js';
import { sealSecret } from '../sealed-payload.js';
import { TransactionWatcher } from '../../ledger/reads/transaction-watcher.service.js';
import { AttemptRunner } from '../execution/attempt-runner.service.js';
import { operationOf } from '../../providers/declared.js';

export interface Submission {
  readonly appId: string;
  readonly idempotencyKey: string;
  /** What makes two requests the same: route and body as received. */
  readonly request: { readonly route: string; readonly body: unknown };
  readonly waitMs: number;
  /** Position in a batch that shares one key; default: 0. */
  readonly item?: number;
}

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
      /** null: it is taken up when its time has come. */
      readonly running: Promise<Transaction> | null;
    };

/** The road that every operation takes: record, send, record; then tell. */
@Injectable()
export class Submissions {
  constructor(
    private readonly ledger: Ledger,
    private readonly reader: LedgerReader,
    private readonly vault: AppVault,
    private readonly admission: SendAdmission,
    private readonly runner: AttemptRunner,
    private readonly watcher: TransactionWatcher,
    private readonly neverSent: NeverSent,
  ) {}

  /**
   * Records the draft durably, sends it, and waits for the end as long as the caller wishes. `make` checks the request:
   * what it refuses may still be the repetition of one that was good in its time, and is answered as such.
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

  /** Everything up to the point where the provider is being called. */
  private async begin(draft: Draft, submission: Submission, requestMac: Buffer): Promise<Begun> {
    assertPersonalDeclared(draft);
    const { releaseAt = draft.sendAfter ?? null } = draft;
    const leaseMs = releaseAt ? null : this.admission.leaseFor(draft);
    const expectedInMs = releaseAt ? null : await this.admission.expectedMs(draft, leaseMs === null);
    const sealed = sealSecret(await this.vault.of(submission.appId), draft.secret);
    const leasedAtMs = performance.now();
    const result = await this.record({
      id: draft.id,
      appId: submission.appId,
      type: draft.type,
      provider: draft.provider,
      status: draft.releaseAt ? 'scheduled' : 'pending',
      reference: draft.reference,
      referenceScope: draft.referenceScope ?? submission.appId,
      idempotencyKey: submission.idempotencyKey,
      idempotencyItem: submission.item ?? 0,
      requestMac,
      quantity: draft.quantity?.amount ?? null,
      unit: draft.quantity?.unit ?? null,
      detail: draft.detail,
      sealed,
      metadata: draft.metadata,
      resourceId: draft.resourceId ?? null,
      resource: draft.resource ? { ...draft.resource, sealed: null } : null,
      duplicateMac:
        draft.duplicateOf === undefined ? null : this.vault.gateway.mac('duplicate-guard', draft.duplicateOf),
      allowDuplicate: draft.allowDuplicate ?? false,
      cover: draft.cover ?? null,
      leaseMs,
      releaseAt,
      expiresInMs: draft.expiresInMs ?? null,
      expectedInMs,
      actor: publicId('app', submission.appId),
      eventId: newUuid(),
    });
    if (result.kind === 'uncovered') throw insufficientFloat();
    if (result.kind === 'known') return result;
    const { appId } = submission;
    const { createdAt: at, isCovered } = result;
    const recorded = asRecorded(draft, { appId, sealed, leased: leaseMs !== null, at, expectedInMs });
    return {
      kind: 'recorded',
      recorded,
      running:
        leaseMs === null
          ? null
          : this.runner.startRecorded(recorded, { leasedAtMs, isCovered, body: draft.secret.body }),
    };
  }

  private async record(transaction: NewTransaction): Promise<RecordResult> {
    try {
      return await this.ledger.record(transaction);
    } catch (error) {
      // The commit may still come. What was refused before it was written has no cause.
      const isRefused = error instanceof Problem && error.cause === undefined;
      if (transaction.leaseMs !== null && !isRefused) this.neverSent.watch(transaction.id);
      throw error;
    }
  }

  /** For a batch, whose items share a key. @throws Problem `idempotency_key_reused` */
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

/** What no manifest declares as personal, erasure would leave in place. @throws Error before anything is recorded */
function assertPersonalDeclared({ type, secret }: Draft): void {
  const { personal } = operationOf(type);
  const stranger = Object.keys(secret.personal).find((member) => !personal.includes(member));
  if (stranger !== undefined) throw new Error(`the manifest does not declare ${stranger} of ${type} as personal`);
}

/** null when the time is over first. When even the outcome could not be written, the record stands: recovery goes on. */
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

/** The transaction as it stands in the database right after its record. */
function asRecorded(
  draft: Draft,
  {
    appId,
    sealed,
    leased,
    at: createdAt,
    expectedInMs,
  }: { appId: string; sealed: Buffer; leased: boolean; at: Date; expectedInMs: number | null },
): Transaction {
  return {
    id: draft.id,
    appId,
    type: draft.type,
    provider: draft.provider,
    status: draft.releaseAt ? 'scheduled' : 'pending',
    reference: draft.reference,
    quantity: draft.quantity?.amount ?? null,
    unit: draft.quantity?.unit ?? null,
    correlationId: null,
    providerReference: null,
    detail: draft.detail,
    sealed,
    metadata: draft.metadata,
    failure: null,
    resourceId: draft.resourceId ?? null,
    attempts: leased ? 1 : 0,
    attemptOpen: leased,
    epoch: leased ? 1 : 0,
    dueAt: null,
    parked: false,
    releaseAt: draft.releaseAt ?? draft.sendAfter ?? null,
    expiresAt: draft.expiresInMs === undefined ? null : new Date(createdAt.getTime() + draft.expiresInMs),
    expectedBy: expectedInMs === null ? null : new Date(createdAt.getTime() + expectedInMs),
    version: 1,
    createdAt,
    updatedAt: createdAt,
    completedAt: null,
    blockedAt: null,
    erasedAt: null,
  };
}
