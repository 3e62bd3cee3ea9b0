import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * Everything that `/metrics` shows. Label values are the gateway's own and few: never a URL, a provider's text, or an id
 * but that of an app.
 */
export const registry = new Registry();

/** Histogram buckets in seconds, from a cached response to the longest wait for a provider. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** From a commit to the end of its webhook: usually tens of milliseconds, but hours when a receiver was down. */
const DELAY_SECONDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3_600, 21_600, 86_400, 604_800];
const ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

const registers = [registry];

export const metrics = {
  /** `route` is the route's pattern, or `unmatched`. */
  httpRequestSeconds: new Histogram({
    name: 'gateway_http_request_seconds',
    help: 'Time to answer a request, in seconds.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers,
  }),
  providerCalls: new Counter({
    name: 'gateway_provider_calls_total',
    help: 'Calls to a provider by outcome: an HTTP status, or the reason why there is no status.',
    labelNames: ['provider', 'operation', 'outcome'],
    registers,
  }),
  providerCallSeconds: new Histogram({
    name: 'gateway_provider_call_seconds',
    help: 'Time of a call to a provider, in seconds.',
    labelNames: ['provider', 'operation'],
    buckets: SECONDS,
    registers,
  }),
  attempts: new Counter({
    name: 'gateway_attempts_total',
    help: 'Attempts to execute an operation at a provider.',
    labelNames: ['provider', 'type'],
    registers,
  }),
  queueDepth: new Gauge({
    name: 'gateway_queue_depth',
    help: 'Transactions that are not final, by status, over all instances.',
    labelNames: ['provider', 'status'],
    registers,
  }),
  unknownTransactions: new Gauge({
    name: 'gateway_unknown_transactions',
    help: 'Transactions with status unknown, over all instances.',
    labelNames: ['provider'],
    registers,
  }),
  parkedTransactions: new Gauge({
    name: 'gateway_parked_transactions',
    help: 'Transactions whose delivery kept failing and that wait for an operator, over all instances.',
    labelNames: ['provider'],
    registers,
  }),
  overdueTransactions: new Gauge({
    name: 'gateway_overdue_transactions',
    help: 'Transactions that a provider accepted more than 7 days ago and that are not final, over all instances.',
    labelNames: ['provider'],
    registers,
  }),
  tokenAgeSeconds: new Gauge({
    name: 'gateway_token_age_seconds',
    help: 'Age of the access token in use, in seconds.',
    labelNames: ['provider'],
    registers,
  }),
  quotaLeft: new Gauge({
    name: 'gateway_quota_left',
    help: 'Requests left in the current quota window of the provider.',
    labelNames: ['provider'],
    registers,
  }),
  clockSkewSeconds: new Gauge({
    name: 'gateway_clock_skew_seconds',
    help: "This machine's clock minus the database's, in seconds. Beyond 2 s in either direction nothing is sent.",
    registers,
  }),
  providerBalance: new Gauge({
    name: 'gateway_provider_balance',
    help: 'Last observed prepaid balance at a provider, in its currency.',
    labelNames: ['provider', 'currency'],
    registers,
  }),
  floatHoursLeft: new Gauge({
    name: 'gateway_float_hours_left',
    help: 'Hours until the balance at a provider is used up at the rate of the last 24 hours.',
    labelNames: ['provider'],
    registers,
  }),
  commitBatchRows: new Histogram({
    name: 'gateway_commit_batch_rows',
    help: 'Rows written by one commit of the hot path.',
    labelNames: ['statement'],
    buckets: ROWS,
    registers,
  }),
  logins: new Counter({
    name: 'gateway_logins_total',
    help: 'Logins at a provider.',
    labelNames: ['provider', 'outcome'],
    registers,
  }),
  purgedRows: new Counter({
    name: 'gateway_purged_rows_total',
    help: 'Rows that were blocked, erased or deleted because their retention period had ended.',
    labelNames: ['task'],
    registers,
  }),
  authFailures: new Counter({
    name: 'gateway_auth_failures_total',
    help: 'Requests that were refused for lack of valid credentials or permission.',
    labelNames: ['kind'],
    registers,
  }),
  notifications: new Counter({
    name: 'gateway_notifications_total',
    help: 'Inbound notifications by outcome.',
    labelNames: ['outcome'],
    registers,
  }),
  webhookDeliveries: new Counter({
    name: 'gateway_webhook_deliveries_total',
    help: 'Attempts to deliver a webhook, by outcome: delivered, refused, down (no answer, 429 or 5xx), gone (410).',
    labelNames: ['outcome'],
    registers,
  }),
  webhookDeliverySeconds: new Histogram({
    name: 'gateway_webhook_delivery_seconds',
    help: 'Time of an attempt to deliver a webhook, in seconds.',
    buckets: SECONDS,
    registers,
  }),
  webhookCommitToDeliverySeconds: new Histogram({
    name: 'gateway_webhook_commit_to_delivery_seconds',
    help: 'Time from the commit of an event to its delivery, in seconds. It includes the time a receiver was down.',
    buckets: DELAY_SECONDS,
    registers,
  }),
  webhookWaiting: new Gauge({
    name: 'gateway_webhook_waiting',
    help: 'Deliveries that have not ended, over all instances; of one endpoint at most 10,000 are counted.',
    registers,
  }),
  webhookOldestSeconds: new Gauge({
    name: 'gateway_webhook_oldest_seconds',
    help: 'Seconds for which the oldest delivery has been due at an endpoint that is enabled and up, over all instances.',
    registers,
  }),
  webhookEndpoints: new Gauge({
    name: 'gateway_webhook_endpoints',
    help: 'Webhook endpoints by state, over all instances: enabled, failing (enabled, but down), disabled.',
    labelNames: ['state'],
    registers,
  }),
  webhookUntold: new Gauge({
    name: 'gateway_webhook_untold',
    help: 'Transactions of the last 7 days that have been final for over an hour, without a delivery to any endpoint of the app.',
    labelNames: ['app'],
    registers,
  }),
};

/** Adds the process metrics (CPU, memory, event loop). The running gateway calls it once. */
export function collectProcessMetrics(): void {
  collectDefaultMetrics({ register: registry });
}
