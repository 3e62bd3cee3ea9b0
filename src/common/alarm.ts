import { Counter } from 'prom-client';
import { ALARMS, type AlarmKind } from './alarm-kinds.js';
import type { Json } from '../readers/json.js';
import { logger } from './log.js';
import { registry } from './metrics.js';

const raised = new Counter({
  name: 'gateway_alarms_total',
  help: 'Events that an operator should look at; docs/alarms.md explains each kind.',
  labelNames: ['kind'],
  registers: [registry],
});
// A rule sees no increase in a series that appears with 1: every kind starts at 0.
for (const kind of Object.keys(ALARMS)) raised.inc({ kind }, 0);

/** Ids, names and numbers of ours: never what a caller or a provider sent. */
type AlarmFields = Readonly<Record<string, Json | undefined>>;

/** The one way to call an operator: counts the alarm, and logs it as an error with `kind` in the field `alarm`. */
export function alarm(kind: AlarmKind, fields: AlarmFields, text: string): void {
  raised.inc({ kind });
  logger.error({ alarm: kind, ...fields }, text);
}
