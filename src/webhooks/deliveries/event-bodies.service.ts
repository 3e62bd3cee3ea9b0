import { Injectable } from '@nestjs/common';
import { EventFeed } from '../events/event-feed.service.js';
import { GatewayEvents } from '../events/gateway-events.service.js';
import { publish } from '../events/published-event.js';
import type { ClaimedDelivery } from './delivery.js';

/** The number of events that are not part of a transaction's timeline, which begins with 1. */
const GATEWAY_EVENT_SEQ = 0;

/** Renders events anew for each attempt, always with the same bytes. */
@Injectable()
export class EventBodies {
  constructor(
    private readonly feed: EventFeed,
    private readonly gatewayEvents: GatewayEvents,
  ) {}

  /** null: the event is no longer there. */
  async of({
    eventId,
    transactionId,
    seq,
    appId,
  }: Pick<ClaimedDelivery, 'eventId' | 'transactionId' | 'seq' | 'appId'>): Promise<string | null> {
    const event = seq === GATEWAY_EVENT_SEQ ? await this.gatewayEvents.find(eventId) : null;
    if (event) return JSON.stringify(event);
    const row = appId === null ? null : await this.feed.ofTransaction({ transactionId, seq, appId });
    return row && JSON.stringify(publish(row));
  }
}
