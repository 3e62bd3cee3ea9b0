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
import { DeliveryLanes, type LoadedDelivery } from './delivery-lanes.js';
import { DeliveryResults } from './delivery-results.service.js';
import { judge, type ClaimedDelivery } from './delivery.js';
import { EventBodies } from './event-bodies.service.js';
import { requestOf } from './webhook-request.js';

/** A commit is told within about this time. */
const TICK_MS = 50;

/**
 * Sends what is due. Any instance may send any delivery; the claims keep two from sending the same. Claims are made one after
 * the other, at each tick and when an endpoint for which more may wait will soon have nothing left to send.
 */
@Injectable()
export class DeliveriesJob implements OnModuleDestroy, BeforeApplicationShutdown {
  private readonly working = new Set<Promise<void>>();
  private readonly lanes = new DeliveryLanes(
    (loaded) => this.track(this.attempt(loaded)),
    (deliveries) => this.track(this.giveBack(deliveries)),
  );
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
    this.lanes.clear();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.claiming?.catch(() => undefined);
    await Promise.all(this.working);
  }

  private async claim(): Promise<void> {
    // Taken before the claim, because the leases begin with it.
    const claimedAt = performance.now();
    const deliveries = await this.claims.claim(this.lanes.slow());
    if (deliveries.length === 0) return;
    try {
      const bodies = await this.bodies.of(deliveries);
      const loaded = deliveries.map((delivery) => ({
        ...{ delivery, claimedAt },
        body: bodies.get(delivery.eventId) ?? null,
      }));
      if (this.isEnding) await this.giveBack(deliveries);
      else this.lanes.add(loaded);
    } catch (error) {
      await this.giveBack(deliveries);
      throw error;
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

  private async attempt(loaded: LoadedDelivery): Promise<void> {
    const { delivery, claimedAt } = loaded;
    try {
      const result = await this.sendInLane(loaded);
      if (result) {
        countAttempt(delivery, result, performance.now() - claimedAt);
        await this.note(delivery, result);
      } else await this.results.expire(delivery);
    } catch (error) {
      // Its lease ends, and it is sent again. Others do not wait for that.
      logger.warn({ ...idsOf(delivery), ...describeError(error) }, 'a webhook delivery was interrupted');
      await this.results.release(delivery).catch(() => undefined);
    }
    if (this.lanes.needsMore(delivery)) void this.claimAgain();
  }

  private async sendInLane({ delivery, body }: LoadedDelivery): Promise<SendResult | null> {
    let result: SendResult | null = null;
    try {
      result = await this.send(delivery, body);
      return result;
    } finally {
      this.lanes.leave(delivery, { isDown: isStop(result), durationMs: result?.durationMs ?? 0 });
    }
  }

  /** null: the event is no longer there, or the app's data was erased, and with it the secret. */
  private async send(delivery: ClaimedDelivery, body: string | null): Promise<SendResult | null> {
    const { appId, eventId, url } = delivery;
    const cipher = await secretCipher(this.vault, appId);
    if (cipher.isDestroyed || !delivery.secret || body === null) return null;
    const previous = delivery.isReplay ? [] : (delivery.previousSecrets ?? []);
    const secrets = [delivery.secret, ...previous].map((sealed) => cipher.open(sealed));
    return this.http.send(requestOf({ url, eventId, traceId: delivery.transactionId, body, secrets }));
  }

  private async note(delivery: ClaimedDelivery, result: SendResult): Promise<void> {
    for (const { id, appId, reason } of await this.results.write(delivery, result)) {
      const ids = { endpointId: publicId('whep', id), appId: appId === null ? null : publicId('app', appId) };
      alarm('webhook_endpoint_disabled', { ...ids, reason }, 'a webhook endpoint was disabled');
    }
  }

  private async giveBack(deliveries: readonly ClaimedDelivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    try {
      await this.results.giveBack(deliveries);
    } catch (error) {
      // Their leases end.
      logger.warn({ count: deliveries.length, ...describeError(error) }, 'webhook deliveries could not be given back');
    }
  }

  private track(work: Promise<void>): void {
    const tracked = work.finally(() => this.working.delete(tracked));
    this.working.add(tracked);
  }
}

/** The endpoint takes nothing now. */
function isStop(result: SendResult | null): boolean {
  const kind = result && judge(result).kind;
  return kind === 'down' || kind === 'gone';
}

function idsOf({ id, endpointId }: ClaimedDelivery): Record<string, string> {
  return { deliveryId: publicId('whd', id), endpointId: publicId('whep', endpointId) };
}
