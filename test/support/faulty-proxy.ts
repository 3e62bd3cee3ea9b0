import { createServer, request as send, type ServerResponse } from 'node:http';
import { portOf } from './sockets.js';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request of the gateway to a provider. */
export interface ProviderRequest {
  readonly method: string;
  /** Includes the query. */
  readonly path: string;
  readonly body: string;
  readonly atMs: number;
}

/** Answers a request. `execute` passes the request to the simulated provider and returns the provider's answer. */
export type Fault = (response: ServerResponse, execute: () => Promise<Reply>) => void | Promise<void>;

/** A proxy between a gateway and the simulated providers that injects faults. */
export interface FaultyProxy {
  readonly url: string;
  /** The URL of the sandbox. */
  target: string;
  /** All requests, in the order of their arrival. */
  readonly requests: ProviderRequest[];
  /** The next matching requests get these faults, one each, in this order. Later requests get none. */
  spoil(matches: (request: ProviderRequest) => boolean, ...faults: readonly Fault[]): void;
  close(): void;
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

export const html = (status: number): Reply => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<html><body>Access Denied. Reference #18.4c1.1731927301.5d3a</body></html>',
});

/** The proxy answers, and the provider executes nothing. */
export const answered =
  (reply: Reply): Fault =>
  (response) =>
    deliver(response, reply);

/** The provider executes the request, and its answer is changed. */
export const executedThen =
  (change: (reply: Reply) => Reply): Fault =>
  async (response, execute) =>
    deliver(response, change(await execute()));

/** The request was read, and the connection ends without a byte of an answer. */
export const dropped =
  ({ executed }: { executed: boolean }): Fault =>
  async (response, execute) => {
    if (executed) await execute();
    response.socket?.destroy();
  };

/** Half of the answer arrives, and then the connection ends. */
export const cutInHalf: Fault = async (response, execute) => {
  const { status, headers, body } = await execute();
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.write(body.slice(0, Math.floor(body.length / 2)), () => response.socket?.destroy());
};

export async function startFaultyProxy(): Promise<FaultyProxy> {
  const spoiled: { matches: (request: ProviderRequest) => boolean; faults: Fault[] }[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url: path = '', headers } = incoming;
      const request = { method, path, body: Buffer.concat(chunks).toString('utf8'), atMs: Date.now() };
      proxy.requests.push(request);
      const execute = (): Promise<Reply> => forward(proxy.target, request, headers);
      const fault = spoiled.find(({ matches, faults }) => faults.length > 0 && matches(request))?.faults.shift();
      void (fault ?? executedThen((reply) => reply))(response, execute);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const proxy: FaultyProxy = {
    url: `http://127.0.0.1:${portOf(server)}`,
    target: '',
    requests: [],
    spoil: (matches, ...faults) => void spoiled.push({ matches, faults: [...faults] }),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return proxy;
}

function deliver(response: ServerResponse, { status, headers, body }: Reply): void {
  // Node adds the right Content-Length, because the body may have been changed.
  const rest = Object.entries(headers).filter(([name]) => !['transfer-encoding', 'content-length'].includes(name));
  response.writeHead(status, Object.fromEntries(rest));
  response.end(body);
}

function forward(
  target: string,
  { method, path, body }: ProviderRequest,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = send(target + path, { method, headers: { ...headers, host: new URL(target).host } }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () =>
        resolve({
          status: reply.statusCode ?? 0,
          headers: reply.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
