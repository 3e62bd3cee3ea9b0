import { Injectable, type BeforeApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { alarm } from '../../common/alarm.js';
import { describeError, logger } from '../../common/log.js';
import { publicId } from '../../common/ids.js';
import { AppVault } from '../../crypto/app-vault.js';
import { Every } from '../../jobs/every.decorator.js';
import { secretCipher } from '../endpoints/owner.js';
import { WebhookHttp, type SendResult } from '../sending/webhook-http.service.js';
import { countAttempt } from './attempt-metrics.js';
import { DeliveryClaims } from './delivery-claims.service.js';
import { DeliveryResults } from './delivery-results.service.js';
import type { ClaimedDelivery } from './delivery.js';
import { EventBodies } from './event-bodies.service.js';
import { requestOf } from './webhook-request.js';

/** A commit is told within about this time. */
const TICK_MS = 50;

/**
 * Sends what is due. Any instance may send any delivery; the claims keep two from sending the same. Claims are made one after
 * the other, at each tick and when an attempt has made room at an endpoint for which more may wait.
 */
@Injectable()
export class DeliveriesJob implements OnModuleDestroy, BeforeApplicationShutdown {
  private readonly sending = new Set<Promise<void>>();
  private claiming: Promise<void> | null = null;
  private isEnding = false;

  constructor(
    private readonly claims: DeliveryClaims,
    private readonly results: DeliveryResults,
    private readonly bodies: EventBodies,
    private readonly vault: AppVault,
    private readonly http: WebhookHttp,
  ) {}

  @Every(TICK_MS)
  async sendDue(): Promise<void> {
    if (this.claiming || this.isEnding) return;
    this.claiming = this.claim();
    try {
      await this.claiming;
    } finally {
      this.claiming = null;
    }
  }

  onModuleDestroy(): void {
    this.isEnding = true;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.sending);
  }

  private async claim(): Promise<void> {
    for (const delivery of await this.claims.claim()) {
      const attempt = this.attempt(delivery).finally(() => {
        this.sending.delete(attempt);
        if (delivery.isFull) void this.claimAgain();
      });
      this.sending.add(attempt);
    }
  }

  /** Claims now, or after the claim in progress, which may not have seen the room. If it fails, the next tick claims again. */
  private async claimAgain(): Promise<void> {
    try {
      await this.claiming?.catch(() => undefined);
      await this.sendDue();
    } catch (error) {
      logger.warn(describeError(error), 'webhooks could not be claimed');
    }
  }

  private async attempt(delivery: ClaimedDelivery): Promise<void> {
    const ids = { deliveryId: publicId('whd', delivery.id), endpointId: publicId('whep', delivery.endpointId) };
    const claimedAt = performance.now();
    try {
      const result = await this.send(delivery);
      if (!result) return await this.results.expire(delivery);
      countAttempt(delivery, result, performance.now() - claimedAt);
      for (const { id, reason } of await this.results.write(delivery, result)) {
        alarm(
          'webhook_endpoint_disabled',
          { endpointId: publicId('whep', id), reason },
          'a webhook endpoint was disabled',
        );
      }
    } catch (error) {
      // Its lease ends, and it is sent again. Others do not wait for that.
      logger.warn({ ...ids, ...describeError(error) }, 'a webhook delivery was interrupted');
      await this.results.release(delivery).catch(() => undefined);
    }
  }

  /** null: the event is no longer there, or the app's data was erased, and with it the secret. */
  private async send(delivery: ClaimedDelivery): Promise<SendResult | null> {
    const { appId, eventId, url } = delivery;
    const [cipher, body] = await Promise.all([secretCipher(this.vault, appId), this.bodies.of(delivery)]);
    if (cipher.isDestroyed || !delivery.secret || body === null) return null;
    const previous = delivery.isReplay ? [] : (delivery.previousSecrets ?? []);
    const secrets = [delivery.secret, ...previous].map((sealed) => cipher.open(sealed));
    return this.http.send(requestOf({ url, eventId, traceId: delivery.transactionId, body, secrets }));
  }
}
