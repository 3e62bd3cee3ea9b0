import { Injectable } from '@nestjs/common';
import { EventFeed, type TimelineKey } from '../events/event-feed.service.js';
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

  /** By the id of the event, as the database has it. Events that are no longer there are left out. */
  async of(deliveries: readonly ClaimedDelivery[]): Promise<Map<string, string>> {
    const keys = deliveries.flatMap(({ transactionId, seq, appId }): TimelineKey[] =>
      seq === GATEWAY_EVENT_SEQ || appId === null ? [] : [{ transactionId, seq, appId }],
    );
    const others = deliveries.filter(({ seq }) => seq === GATEWAY_EVENT_SEQ);
    const [rows, events] = await Promise.all([
      keys.length === 0 ? [] : this.feed.ofTransactions(keys),
      Promise.all(others.map(async ({ eventId }) => [eventId, await this.gatewayEvents.find(eventId)] as const)),
    ]);
    return new Map([
      ...rows.map((row) => [row.id, JSON.stringify(publish(row))] as const),
      ...events.flatMap(([id, event]) => (event ? [[id, JSON.stringify(event)] as const] : [])),
    ]);
  }
}
