import { ADMIN } from './gateway.js';
import { at, basicAuth, textAt, type Answer } from './http.js';
import { bareId } from './ids.js';
import { sql } from './sql.js';
import { eventually } from './wait.js';
import { topup, type World } from './world.js';

export const TOPUP_HEADER = 'distributor_transaction_id,status,amount,currency,date';

/** The fields of a form in their order, including `file`. */
export type Fields = readonly (readonly [string, string | Buffer])[];

export interface Sending {
  readonly provider?: string;
  readonly before?: Fields;
  readonly after?: Fields;
  readonly preview?: boolean;
}

export async function sendForm(world: World, fields: Fields, query = ''): Promise<Answer> {
  const form = new FormData();
  for (const [name, value] of fields) {
    if (name === 'file')
      form.append(name, new Blob([new Uint8Array(Buffer.from(value))], { type: 'text/csv' }), 's.csv');
    else form.append(name, value.toString());
  }
  const headers = { authorization: basicAuth(ADMIN) };
  const url = `${world.gateway().url}/v1/admin/reconciliations${query}`;
  const answer = await fetch(url, { method: 'POST', headers, body: form });
  return { status: answer.status, headers: {}, body: await answer.json() };
}

export async function sendStatement(
  world: World,
  csv: string | Buffer,
  { provider = 'latcom', before = [], after = [], preview = false }: Sending = {},
): Promise<Answer> {
  const fields: Fields = [['provider', provider], ['kind', 'statement'], ...before, ['file', csv], ...after];
  return sendForm(world, fields, preview ? '?preview=true' : '');
}

/** The run of a compared statement, with its breaks. */
export interface Compared {
  readonly id: string;
  readonly body: unknown;
  readonly breaks: readonly unknown[];
}

export async function compareStatement(world: World, csv: string | Buffer, sending: Sending = {}): Promise<Compared> {
  return comparedOf(world, await sendStatement(world, csv, sending));
}

/** The run of a statement that was sent, once it has completed. */
export async function comparedOf(world: World, answer: Answer): Promise<Compared> {
  expect(answer).toMatchObject({ status: 202 });
  const id = textAt(answer.body, 'id');
  const { body } = await eventually(
    60_000,
    () => world.admin('GET', `/v1/admin/reconciliations/${id}`),
    (one) => at(one.body, 'status') !== 'running',
  );
  expect(at(body, 'status')).toBe('completed');
  const listed = at((await world.admin('GET', `/v1/admin/reconciliations/${id}/breaks?limit=100`)).body, 'data');
  return { id, body, breaks: Array.isArray(listed) ? listed : [] };
}

export async function buyTopup(world: World, phoneNumber = '5537686660'): Promise<string> {
  return textAt((await world.call('POST', '/v1/topups', topup({ phoneNumber }), { prefer: 'wait=15' })).body, 'id');
}

/** Changes the times of transactions as if they had been recorded and completed at `time`. */
export async function moveTo(world: World, time: string, ...ids: readonly string[]): Promise<void> {
  await sql(
    world,
    `update transactions set created_at = $2::timestamptz, completed_at = completed_at - (completed_at - $2::timestamptz)
     where id = any($1)`,
    [ids.map(bareId), time],
  );
}

export const topupLine = (
  id: string,
  date: string,
  {
    status = 'SUCCESS',
    amount = '10.00',
    currency = 'MXN',
  }: { status?: string; amount?: string; currency?: string } = {},
): string => [id.replace(/^txn_/, ''), status, amount, currency, date].join(',');

export const topupFile = (...lines: string[]): string => [TOPUP_HEADER, ...lines, ''].join('\n');
