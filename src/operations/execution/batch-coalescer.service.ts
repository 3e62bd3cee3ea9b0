import { Injectable } from '@nestjs/common';
import type { Claim, ClaimRequest } from '../../ledger/writes/claim.js';
import { Ledger } from '../../ledger/ledger.service.js';
import type { ProviderClient } from '../../outbound/provider-client.js';
import type { BatchHandler, OperationPriority } from '../../connector/connector.js';
import { BatchRunner } from './batch-runner.service.js';
import { ConnectorRegistry } from '../connector-registry.service.js';
import { AttemptRunner } from './attempt-runner.service.js';
import { reportUnwritten } from './unwritten.js';
import { alarm } from '../../common/alarm.js';
import { describeError } from '../../common/log.js';

/** Sends claimed operations: one by one, or in batches where permits are scarce. */
@Injectable()
export class BatchCoalescer {
  /** The time of the last batch, by provider. */
  private readonly sentAtMs = new Map<string, number>();

  constructor(
    private readonly ledger: Ledger,
    private readonly registry: ConnectorRegistry,
    private readonly runner: AttemptRunner,
    private readonly batches: BatchRunner,
  ) {}

  /** Whether the provider takes batches now. */
  coalesces(provider: string): boolean {
    return (this.batchOf(provider)?.[1].size ?? 0) > 0;
  }

  /**
   * Sends operations while few permits are left. Operations that cannot be batched get permits first. Full batches are
   * sent at once. A smaller batch waits, so that the permits last until the next one is free.
   */
  async sendTight(client: ProviderClient, request: ClaimRequest, priority: OperationPriority): Promise<void> {
    const { provider, maxRows: permits } = request;
    const [type, batch] = this.batchOf(provider) ?? [];
    if (!type || !batch) return;
    const alone = await this.ledger.claimDue({ ...request, fair: true, only: { type, isWanted: false } });
    this.sendAlone(alone, priority);
    const left = permits - alone.length;
    const { size } = batch;
    // Size 1: the response to another batch must come first.
    if (left <= 0 || size < 2) return;
    const waiting = await this.ledger.dueCount(provider, type, size * left);
    const isTime = waiting % size > 0 && (await this.isTime(client, priority, left));
    const calls = Math.min(Math.floor(waiting / size) + (isTime ? 1 : 0), batch.isProven ? left : 1);
    if (calls === 0) return;
    this.sentAtMs.set(provider, performance.now());
    const maxRows = Math.min(calls * size, Math.max(this.runner.capacity(provider), 1));
    const claims = await this.ledger.claimDue({ ...request, maxRows, fair: true, only: { type, isWanted: true } });
    const isDead = claims.filter((claim) => !isSendable(claim));
    this.sendAlone(isDead, priority);
    for (const part of inParts(claims.filter(isSendable), calls)) this.sendTogether(part, priority);
  }

  private async isTime(client: ProviderClient, priority: OperationPriority, permits: number): Promise<boolean> {
    const sinceMs = performance.now() - (this.sentAtMs.get(client.provider) ?? -Infinity);
    return sinceMs >= (await client.forecast.paceMs(priority, permits));
  }

  /**
   * Number of rows to claim with `permits` permits. Until the response to a first batch is understood, one operation is
   * sent at a time: more would only use up permits.
   */
  rowsFor(provider: string, permits: number): number {
    const batch = this.batchOf(provider);
    return batch && !batch[1].isProven && batch[1].size > 1 ? Math.min(permits, 1) : permits;
  }

  /**
   * Sends claimed operations when there are only enough permits for these. Claims more operations of the batched type
   * and sends them in the same calls.
   */
  async sendScarce(claims: readonly Claim[], request: ClaimRequest, priority: OperationPriority): Promise<void> {
    const [type, batch] = this.batchOf(request.provider) ?? [];
    const own = claims.filter((claim) => claim.transaction.type === type && isSendable(claim));
    const size = batch?.size ?? 0;
    if (!type || own.length === 0 || size < 2) return this.sendAlone(claims, priority);
    const capacity = this.runner.capacity(request.provider) - claims.length;
    const maxRows = Math.min(own.length * (size - 1), capacity);
    const more =
      maxRows > 0 ? await this.claimMore({ ...request, maxRows, fair: true, only: { type, isWanted: true } }) : [];
    const all = [...own, ...more.filter(isSendable)];
    const others = [...claims.filter((claim) => !own.includes(claim)), ...more.filter((claim) => !isSendable(claim))];
    this.sendAlone(others, priority);
    // Half of the permits are left for the next operations.
    const calls = Math.max(Math.ceil(own.length / 2), Math.ceil(all.length / size));
    for (const part of inParts(all, calls)) this.sendTogether(part, priority);
  }

  /**
   * An error here must not stop the operations that are already claimed: only this process knows that they were not
   * sent.
   */
  private async claimMore(request: ClaimRequest): Promise<Claim[]> {
    try {
      return await this.ledger.claimDue(request);
    } catch (error) {
      alarm('job_failed', { job: 'BatchCoalescer.claimMore', ...describeError(error) }, 'background work failed');
      return [];
    }
  }

  sendAlone(claims: readonly Claim[], priority: OperationPriority): void {
    for (const claim of claims) void this.runner.start(claim, priority);
  }

  private sendTogether(claims: readonly Claim[], priority: OperationPriority): void {
    if (claims.length < 2) this.sendAlone(claims, priority);
    else {
      this.batches.run(claims, priority).catch((error: unknown) => {
        for (const { transaction } of claims) reportUnwritten(transaction, error);
      });
    }
  }

  private batchOf(provider: string): [string, BatchHandler] | null {
    const operations = this.registry.find(provider)?.definition.operations ?? [];
    return (
      operations
        .map(({ type, batch }): [string, BatchHandler] | null => (batch ? [type, batch] : null))
        .find((one) => one !== null) ?? null
    );
  }
}

function isSendable({ transaction, interrupted, expired }: Claim): boolean {
  return transaction.status === 'pending' && !interrupted && !expired;
}

/** In order, with sizes that differ by at most one. */
function inParts<T>(list: readonly T[], parts: number): T[][] {
  const at = (part: number): number => Math.floor((part * list.length) / parts);
  return Array.from({ length: parts }, (_none, part) => list.slice(at(part), at(part + 1)));
}
