import { Injectable } from '@nestjs/common';
import { metrics } from '../common/metrics.js';
import { ConnectorRegistry } from '../operations/connector-registry.service.js';
import { decodeJson } from '../readers/json-text.js';
import { Inbox } from './inbox.service.js';
import { NotificationApplier } from './notification-applier.service.js';
import { readNotification } from './reading.js';

/** Receives notifications: stored, then acknowledged, then applied. */
@Injectable()
export class NotificationReceiver {
  constructor(
    private readonly inbox: Inbox,
    private readonly applier: NotificationApplier,
    private readonly registry: ConnectorRegistry,
  ) {}

  /** Resolves when the notification is stored durably. */
  async receive(provider: string, bytes: Buffer): Promise<void> {
    const reading = readNotification(this.registry, provider, decodeJson(bytes));
    const correlationId = reading.kind === 'unreadable' ? null : reading.correlationId;
    const arrived = await this.inbox.store({ provider, bytes, correlationId });
    if (!arrived) return metrics.notifications.inc({ outcome: 'orphan' });
    const { notification, subject } = arrived;
    setImmediate(() => void this.applier.apply(notification, { reading, subject }));
  }
}
