import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { withoutRequestTimeout } from './upload-timeout-exemption.js';

/** Limits for reading the rest of a request that is already answered. */
const MAX_DRAIN_MS = 10_000;
const MAX_DRAIN_BYTES = 512 * 1024 * 1024;
/** Time between closing our side of a connection and destroying it, so that the client can read the response. */
const LINGER_MS = 1_000;

/**
 * Reads and discards the rest of a refused request's body. Many clients write the complete request before they read the
 * response: they would wait forever if reading stopped, and miss the response if the connection were closed while they
 * write. Call it before the response is sent.
 */
export function drainRefused({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.complete || raw.destroyed || !hasBody(raw)) return;
  // Fastify closes the connection after a body that it has not read; here the body is read.
  if (reply.raw.shouldKeepAlive) reply.removeHeader('connection');
  const { socket } = raw;
  const closing = putOffClosing(socket);
  const answered = Promise.race([once(reply.raw, 'finish'), once(reply.raw, 'close')]);
  raw.unpipe();
  void withoutRequestTimeout(socket, async () => {
    const isComplete = await drain(raw);
    await answered.catch(() => undefined);
    if (closing.isDue() || !isComplete) close(socket);
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** Delays the closing: Node closes a connection at the end of its last response, even if data is still arriving. */
function putOffClosing(socket: Socket): { isDue(): boolean } {
  let isDue = false;
  socket.destroySoon = () => {
    isDue = true;
  };
  return {
    isDue: () => {
      Reflect.deleteProperty(socket, 'destroySoon');
      return isDue;
    },
  };
}

/** Resolves to true when the complete body has arrived within the limits. */
function drain(raw: IncomingMessage): Promise<boolean> {
  return new Promise((resolve) => {
    let left = MAX_DRAIN_BYTES;
    const timer = setTimeout(() => resolve(false), MAX_DRAIN_MS);
    const end = (isComplete: boolean) => (): void => {
      clearTimeout(timer);
      resolve(isComplete);
    };
    raw.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) end(false)();
    });
    raw.once('end', end(true));
    raw.once('close', end(false));
    raw.once('error', end(false));
    raw.resume();
  });
}

/** Closes only our side first: a reset connection would lose the response. */
function close(socket: Socket): void {
  socket.end();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
