import { Injectable } from '@nestjs/common';
import { newUuid } from '../../common/ids.js';
import type { AppCipher } from '../../crypto/app-vault.js';
import type { Claim } from '../../ledger/writes/claim.js';
import { Ledger } from '../../ledger/ledger.service.js';
import { metrics } from '../../common/metrics.js';
import { ProviderError, type BatchHandler, type OperationPriority, type Outcome } from '../../connector/connector.js';
import { ConnectorRegistry } from '../connector-registry.service.js';
import { Outcomes, prepared } from './outcomes.service.js';
import { AttemptRunner, toProviderError } from './attempt-runner.service.js';
import { assertInTime, operationOf } from './stored-operation.js';
import { reportUnwritten } from './unwritten.js';

type Said = Outcome | ProviderError;

/** An operation of a batch, and the key for recording its outcome; null: the key is not loaded, so nothing is sent. */
interface Member {
  readonly claim: Claim;
  readonly cipher: AppCipher | null;
}

/** The members, and the result of each in the same order. */
interface Attempt {
  readonly members: readonly Member[];
  readonly said: readonly Said[];
}

/** Sends several operations in one call: records their positions, calls, and records the outcome of each. */
@Injectable()
export class BatchRunner {
  constructor(
    private readonly ledger: Ledger,
    private readonly registry: ConnectorRegistry,
    private readonly runner: AttemptRunner,
    private readonly outcomes: Outcomes,
  ) {}

  /** Works on claimed rows of one type, none of them interrupted or expired. */
  async run(claims: readonly Claim[], priority: OperationPriority): Promise<void> {
    const [first] = claims;
    const batch = first && this.registry.handler(first.transaction.type).batch;
    if (!batch) throw new Error('these operations cannot go together');
    await this.runner.count(first.transaction.provider, claims.length, () => this.send(batch, claims, priority));
  }

  private async send(batch: BatchHandler, claims: readonly Claim[], priority: OperationPriority): Promise<void> {
    const id = newUuid();
    const { members, said } = await this.attempt(id, batch, claims, priority);
    await Promise.all(
      members.map(async ({ claim: { transaction }, cipher }, position) => {
        // If the connector returns too few results, the rest is in doubt.
        const own = said[position] ?? new ProviderError('doubtful', 'batch_item_missing');
        const about = { batch: id, position, size: members.length };
        try {
          await this.outcomes.conclude(transaction, own, cipher, about);
        } catch (error) {
          reportUnwritten(transaction, error);
        }
      }),
    );
  }

  /** If the positions cannot be recorded, nothing is sent, and all members become due again. */
  private async attempt(
    id: string,
    batch: BatchHandler,
    claims: readonly Claim[],
    priority: OperationPriority,
  ): Promise<Attempt> {
    const progress = { sent: false };
    let members: readonly Member[] = claims.map((claim) => ({ claim, cipher: null }));
    try {
      members = await this.bind(id, await Promise.all(claims.map((claim) => this.prepare(claim))));
      const said = members.length === 0 ? [] : await this.call(batch, members, priority, progress);
      return { members, said };
    } catch (error) {
      return { members, said: members.map(({ claim }) => toProviderError(error, claim.transaction, progress.sent)) };
    }
  }

  private async prepare(claim: Claim): Promise<Member> {
    return { claim, cipher: await this.outcomes.prepare(claim.transaction) };
  }

  /** Members whose claim is still ours, in the recorded order. */
  private async bind(id: string, members: readonly Member[]): Promise<Member[]> {
    const rows = members.map(({ claim: { transaction } }) => ({ transaction, eventId: newUuid() }));
    const byId = new Map(members.map((member) => [member.claim.transaction.id, member]));
    return (await this.ledger.bindBatch(id, rows)).flatMap((bound) => byId.get(bound) ?? []);
  }

  private async call(
    batch: BatchHandler,
    members: readonly Member[],
    priority: OperationPriority,
    progress: { sent: boolean },
  ): Promise<readonly Said[]> {
    const operations = members.map(({ claim: { transaction }, cipher }) =>
      operationOf(prepared(cipher), transaction, this.registry.handler(transaction.type), priority),
    );
    for (const { type, provider } of members.map(({ claim }) => claim.transaction))
      metrics.attempts.inc({ provider, type });
    return batch.send(operations, () => {
      for (const { claim } of members) assertInTime(claim);
      progress.sent = true;
    });
  }
}
