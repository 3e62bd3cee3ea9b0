import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { ProviderError, type BatchHandler, type Outcome, type StoredOperation } from '../../../connector/connector.js';
import { batchBody, readBatchReply, surplusOf } from './pass-batch.mapping.js';
import { BatchTrust } from './batch-trust.js';
import type { LoyaltyLayerClient } from '../client.js';
import { alarm } from '../../../common/alarm.js';

/** Sends several creates in one batch-create while the quota is scarce. */
export class PassBatching implements BatchHandler {
  private readonly trust: BatchTrust;

  constructor(
    private readonly client: LoyaltyLayerClient,
    /** Largest batch: one lost response makes all its passes unknown. Less than 2: no batches. */
    maxSize: number,
  ) {
    this.trust = new BatchTrust(maxSize);
  }

  get size(): number {
    return this.trust.size;
  }

  get isProven(): boolean {
    return this.trust.isProven;
  }

  async send(operations: readonly StoredOperation[], beforeSend: () => void): Promise<(Outcome | ProviderError)[]> {
    const orders = operations.map(({ body }) => body);
    const [first] = operations;
    if (!first) return [];
    this.trust.begin();
    try {
      const reply = await this.client.createPasses({ ...first, body: batchBody(orders) }, beforeSend);
      const said = readBatchReply(reply, orders);
      this.learn(said);
      this.countSurplus(reply, orders);
      return said;
    } catch (error) {
      if (error instanceof ProviderError) this.learnFrom(error);
      throw error;
    } finally {
      this.trust.end();
    }
  }

  private learn(said: readonly (Outcome | ProviderError)[]): void {
    // An item that failed at the provider was understood; one that matches no order was not.
    const isDark = (one: Outcome | ProviderError): boolean =>
      one instanceof ProviderError && one.kind === 'doubtful' && one.reason !== 'server_error';
    if (said.some(isDark)) this.trust.misunderstood();
    else this.trust.confirm();
  }

  private learnFrom({ kind, reason }: ProviderError): void {
    if (reason === 'batch_refused') this.trust.refused();
    else if (reason === 'unreadable_answer') this.trust.misunderstood();
    else if (kind === 'doubtful') this.trust.lost();
  }

  private countSurplus(reply: HttpReply, orders: readonly string[]): void {
    const items = surplusOf(reply, orders);
    if (items === 0) return;
    alarm(
      'batch_surplus',
      { provider: 'loyalty-layer', rows: items },
      'a batch returned more passes than were ordered',
    );
  }
}
