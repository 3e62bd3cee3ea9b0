import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { portOf } from './sockets.js';

/** A purchase that arrived: its request and its connection. */
export interface PurchaseCall {
  readonly socket: Socket;
  readonly body: Readonly<Record<string, unknown>>;
  /** The number of requests with this id so far, including this one. */
  readonly times: number;
}

/**
 * A LATCOM stub on a raw socket. It accepts every login, reports its balance, and answers purchases as the test
 * decides.
 */
export interface LatcomStub {
  readonly port: number;
  readonly baseUrl: string;
  /** Answers a purchase; default: approves it. */
  behave: (call: PurchaseCall) => void;
  /** True: closes every connection as soon as it is accepted, before a byte is read. */
  refusing: boolean;
  /** The balance that `get_balance` returns. */
  balance: string;
  /** Number of purchase requests, by `distributor_transaction_id`. */
  readonly arrived: Map<string, number>;
  /** Number of connections that were closed before a byte was read. */
  cut: number;
  open(): Promise<void>;
  close(): Promise<void>;
}

/** The bytes of a complete answer after which the connection is closed. */
export function answer(status: number, body: string, headers: Readonly<Record<string, string>> = {}): string {
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = Buffer.byteLength(body);
  return (
    `HTTP/1.1 ${status} Whatever\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n` +
    `connection: close\r\n${more.join('')}\r\n${body}`
  );
}

/** LATCOM's answer to an executed purchase. */
export function approval(body: Readonly<Record<string, unknown>>, changes: object = {}): string {
  return JSON.stringify({
    success: true,
    transaction_id: `TXN-${String(body['distributor_transaction_id'])}`,
    distributor_transaction_id: body['distributor_transaction_id'],
    response_code: '00',
    response_message: 'Aprobado',
    reference: 'RRN-1',
    auth_code: 'A1',
    ...changes,
  });
}

export async function startLatcomStub(): Promise<LatcomStub> {
  const sockets = new Set<Socket>();
  let server: Server;
  const stub = {
    port: 0,
    baseUrl: '',
    behave: ({ socket, body }: PurchaseCall): void => void socket.end(answer(200, approval(body))),
    refusing: false,
    balance: '1000.00',
    arrived: new Map<string, number>(),
    cut: 0,
    open: async (): Promise<void> => {
      server = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => sockets.delete(socket));
        if (stub.refusing) {
          stub.cut += 1;
          socket.resetAndDestroy();
        } else receive(stub, socket);
      });
      await once(server.listen(stub.port, '127.0.0.1'), 'listening');
      stub.port = portOf(server);
      stub.baseUrl = `http://127.0.0.1:${stub.port}/api/distributor`;
    },
    close: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await stub.open();
  return stub;
}

function receive(stub: LatcomStub, socket: Socket): void {
  let text = '';
  let done = false;
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? '0');
    if (done || end < 0 || text.length < end + 4 + length) return;
    done = true;
    respond(stub, socket, text.slice(0, end), text.slice(end + 4));
  });
}

function respond(stub: LatcomStub, socket: Socket, head: string, body: string): void {
  if (head.includes('/login ')) {
    const token = { success: true, access_token: `token-${Date.now()}`, token_type: 'Bearer', expires_in: 3600 };
    socket.end(answer(200, JSON.stringify(token)));
  } else if (head.includes('/get_balance ')) {
    socket.end(answer(200, `{"success":true,"balance":${stub.balance},"currency":"USD"}`));
  } else {
    const order: unknown = JSON.parse(body);
    if (typeof order !== 'object' || order === null) throw new Error('a purchase without a body');
    const record = Object.fromEntries(Object.entries(order));
    const id = String(record['distributor_transaction_id']);
    const times = (stub.arrived.get(id) ?? 0) + 1;
    stub.arrived.set(id, times);
    stub.behave({ socket, body: record, times });
  }
}
