import type { EventType } from './event-types.js';

/** What operators can be told of by endpoints of their own. */
export const OPS_EVENT_TYPES = {
  'ops.unknown.opened': 'Transactions became `unknown`; they wait for evidence or an operator.',
  'ops.break.opened': 'Differences between a provider and the ledger were found.',
  'ops.proposal.opened': 'An operator proposed a resolution that another operator must decide.',
  'ops.float.low': 'The balance at a provider fell below a configured level.',
  'ops.provider.paused': 'An operator paused a provider.',
  'ops.provider.resumed': 'A provider is no longer paused.',
  'ops.provider.blocked': 'A provider refuses our credentials, and the gateway paused it.',
  'ops.webhook_endpoint.disabled': 'An endpoint was disabled, but not by its own app.',
  'ops.ledger.head': 'The last seal of the ledger, once a day. Keep it outside, and verify the ledger against it.',
} as const;

export type OpsEventType = keyof typeof OPS_EVENT_TYPES;

export const OPS_TYPES = Object.keys(OPS_EVENT_TYPES).filter(isOpsType);

/** Every other enabled endpoint of the app receives it, whatever its types. It is not in the feed. */
export const ENDPOINT_DISABLED = 'webhook_endpoint.disabled';
export const ENDPOINT_DISABLED_TEXT =
  'One of your endpoints was disabled, but not by you. All others receive this, whatever their types. Not in the feed.';

/** Events that are not changes of a transaction. */
export type GatewayEventType = OpsEventType | typeof ENDPOINT_DISABLED;

/** What an endpoint can subscribe to: of an app the first, of operators the second. */
export type SubscribedType = EventType | OpsEventType;

/** What an endpoint can receive. */
export type DeliveredType = EventType | GatewayEventType;

function isOpsType(text: string): text is OpsEventType {
  return Object.hasOwn(OPS_EVENT_TYPES, text);
}
