import { Injectable } from '@nestjs/common';
import { newUuid } from '../ids.js';
import { AppVault } from '../app-vault.js';
import type { Claim } from '../ledger/claim.js';
import { Ledger } from '../ledger/ledger.js';
import { metrics } from '../metrics.js';
import { ProviderError, type BatchHandler, type OperationLane, type Outcome } from '../providers/connector.js';
import { ConnectorRegistry } from './registry.js';
import { Runner, toProviderError } from './runner.js';
import { assertInTime, operationOf } from './sending.js';

type Said = Outcome | ProviderError;

/** Several operations in one call: written down, called, and recorded for each what was said of it. */
@Injectable()
export class BatchRunner {
  constructor(
    private readonly ledger: Ledger,
    private readonly registry: ConnectorRegistry,
    private readonly runner: Runner,
    private readonly vault: AppVault,
  ) {}

  /** Works on claimed rows of one type, none of them interrupted or expired. */
  async run(claims: readonly Claim[], lane: OperationLane): Promise<void> {
    const [first] = claims;
    const batch = first && this.registry.handler(first.transaction.type).batch;
    if (!batch) throw new Error('these operations cannot go together');
    await this.runner.count(first.transaction.provider, claims.length, () => this.send(batch, claims, lane));
  }

  private async send(batch: BatchHandler, claims: readonly Claim[], lane: OperationLane): Promise<void> {
    const id = newUuid();
    const members = await this.bind(id, claims);
    const said = members.length === 0 ? [] : await this.call(batch, members, lane);
    await Promise.all(
      members.map(({ transaction }, position) => {
        // A connector that says less than it was asked leaves the rest in doubt.
        const own = said[position] ?? new ProviderError('doubtful', 'batch_item_missing');
        return this.runner.conclude(transaction, own, { batch: id, position, size: members.length });
      }),
    );
  }

  /** Those that are still ours, in the order in which they are written down. */
  private async bind(id: string, claims: readonly Claim[]): Promise<Claim[]> {
    const members = claims.map(({ transaction }) => ({ transaction, eventId: newUuid() }));
    const byId = new Map(claims.map((claim) => [claim.transaction.id, claim]));
    return (await this.ledger.bindBatch(id, members)).flatMap((member) => byId.get(member) ?? []);
  }

  private async call(batch: BatchHandler, members: readonly Claim[], lane: OperationLane): Promise<readonly Said[]> {
    const progress = { sent: false };
    try {
      const operations = await Promise.all(
        members.map(async ({ transaction }) => operationOf(await this.vault.of(transaction.appId), transaction, lane)),
      );
      for (const { type, provider } of members.map(({ transaction }) => transaction))
        metrics.attempts.inc({ provider, type });
      return await batch.send(operations, () => {
        for (const claim of members) assertInTime(claim);
        progress.sent = true;
      });
    } catch (error) {
      return members.map(({ transaction }) => toProviderError(error, transaction, progress.sent));
    }
  }
}
