import type { Gateway } from './gateway.js';

/** The value of one series in `/metrics`; 0 when it is not there. */
export async function metric(from: Gateway | { gateway(): Gateway }, series: string): Promise<number> {
  const gateway = 'request' in from ? from : from.gateway();
  const text = String((await gateway.request('GET', '/metrics')).body);
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length) ?? 0);
}

/** The number of alarms of one kind since the start of the gateway. */
export function alarms(from: Gateway | { gateway(): Gateway }, kind: string): Promise<number> {
  return metric(from, `gateway_alarms_total{kind="${kind}"}`);
}
