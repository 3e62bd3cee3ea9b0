import { createServer, type Server, type ServerResponse } from 'node:http';
import { portOf } from './sockets.js';

/** The body of an order. */
export type Order = Readonly<Record<string, unknown>>;

export interface BatchCall {
  readonly orders: readonly Order[];
  readonly response: ServerResponse;
}

/** A LoyaltyLayer stub. It accepts every login, issues passes, and answers batches as the test decides. */
export interface LoyaltyLayerStub {
  readonly baseUrl: string;
  /** Answers a batch; default: issues all its passes. */
  behave: (call: BatchCall) => void;
  /** Batches in the order of their arrival. */
  readonly batches: (readonly Order[])[];
  /** Number of orders for each holder, alone or in a batch, by e-mail address. */
  readonly asked: Map<string, number>;
  readonly single: Order[];
  /** Number of calls whose token was refused. */
  refused: number;
  /** Invalidates all tokens. A call with one of them is refused after `refusedAfterMs` milliseconds. */
  expireTokens(refusedAfterMs: number): void;
  close(): Promise<void>;
}

/** An item of a batch response that repeats all values that the gateway checks. */
export function issued(order: Order, index: number, changes: object = {}): object {
  return { index, success: true, pass_id: passIdOf(order), plan_id: order['plan_id'], status: 'active', ...changes };
}

export function passIdOf(order: Order): string {
  return `pass-of-${emailOf(order)}`;
}

export function emailOf(order: Order): string {
  const { holder } = order;
  return typeof holder === 'object' && holder !== null && 'email' in holder ? String(holder.email) : '';
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

export function issueAll({ orders, response }: BatchCall): void {
  sendJson(response, 200, { results: orders.map((order, index) => issued(order, index)) });
}

export async function startLoyaltyLayerStub(): Promise<LoyaltyLayerStub> {
  const server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    request.on('end', () => {
      const { authorization } = request.headers;
      if (authorization === undefined || authorization === `Bearer token-${tokens.live}`) {
        respond(request.url ?? '', text, response);
        return;
      }
      stub.refused += 1;
      const body = { error: 'invalid_token', error_description: 'Access token is invalid or expired.', code: 401 };
      setTimeout(() => sendJson(response, 401, body), tokens.refusedAfterMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const tokens = { live: 1, refusedAfterMs: 0 };
  const stub: LoyaltyLayerStub = {
    baseUrl: `http://127.0.0.1:${portOf(server)}`,
    behave: issueAll,
    batches: [],
    asked: new Map(),
    single: [],
    refused: 0,
    expireTokens: (refusedAfterMs) => {
      tokens.live += 1;
      tokens.refusedAfterMs = refusedAfterMs;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const count = (order: Order): void => void stub.asked.set(emailOf(order), (stub.asked.get(emailOf(order)) ?? 0) + 1);
  const respond = (url: string, text: string, response: ServerResponse): void => {
    if (url.endsWith('/auth/token'))
      return sendJson(response, 200, { access_token: `token-${tokens.live}`, expires_in: 1800 });
    const body: unknown = JSON.parse(text);
    if (!isOrder(body)) throw new Error('not an object');
    if (!url.endsWith('/batch-create')) {
      stub.single.push(body);
      count(body);
      return sendJson(response, 200, { pass_id: passIdOf(body), status: 'active' });
    }
    const { passes } = body;
    const orders = Array.isArray(passes) ? passes.filter(isOrder) : [];
    stub.batches.push(orders);
    orders.forEach(count);
    stub.behave({ orders, response });
  };
  return stub;
}

function isOrder(value: unknown): value is Order {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
