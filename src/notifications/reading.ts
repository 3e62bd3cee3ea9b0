import type { NotificationReading } from '../connector/connector.js';
import type { ConnectorRegistry } from '../operations/connector-registry.service.js';

/** Reads a notification with the connector of its provider. */
export function readNotification(registry: ConnectorRegistry, provider: string, raw: string): NotificationReading {
  const reading = registry.find(provider)?.definition.readNotification?.(raw);
  return reading ?? { kind: 'unreadable', reason: 'the connector reads no notifications' };
}
