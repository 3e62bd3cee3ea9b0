import { Counter } from 'prom-client';
import { ALARMS, type AlarmKind } from './alarm-kinds.js';
import type { Json } from '../readers/json.js';
import { logger } from './log.js';
import { registry } from './metrics.js';

const raised = new Counter({
  name: 'gateway_alarms_total',
  help: 'Events that need the attention of an operator; docs/alarms.md explains each kind.',
  labelNames: ['kind'],
  registers: [registry],
});
// Every kind starts at 0: an alerting rule sees no increase in a series that first appears with the value 1.
for (const kind of Object.keys(ALARMS)) raised.inc({ kind }, 0);

/** The gateway's own ids, names and numbers: never data that a caller or a provider sent. */
type AlarmFields = Readonly<Record<string, Json | undefined>>;

/** The one way to call an operator: counts the alarm, and logs it as an error with `kind` in the field `alarm`. */
export function alarm(kind: AlarmKind, fields: AlarmFields, text: string): void {
  raised.inc({ kind });
  logger.error({ alarm: kind, ...fields }, text);
}
