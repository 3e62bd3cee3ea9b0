import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { whileFlowing } from './upload-timeout-exemption.js';

/** How long, and how much, is still read of a request that is answered already. */
const MAX_DRAIN_MS = 10_000;
const MAX_DRAIN_BYTES = 512 * 1024 * 1024;
/** Between the end of our side of a connection and its end: the client gets to read the answer. */
const LINGER_MS = 1_000;

/**
 * Reads on, and throws away, what still arrives of the body of a request that is refused. Many clients write all of a
 * request before they read the answer: they would wait for ever if reading stopped, and never see the answer if the
 * connection were closed while they write. To be called before the answer is sent.
 */
export function drainRefused({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.complete || raw.destroyed || !hasBody(raw)) return;
  // Fastify closes after a body that it has not read; here it is read.
  if (reply.raw.shouldKeepAlive) reply.removeHeader('connection');
  const { socket } = raw;
  const closing = putOffClosing(socket);
  const answered = Promise.race([once(reply.raw, 'finish'), once(reply.raw, 'close')]);
  raw.unpipe();
  void whileFlowing(socket, async () => {
    const isComplete = await drain(raw);
    await answered.catch(() => undefined);
    if (closing.isDue() || !isComplete) close(socket);
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** Node closes a connection at the end of its last answer, however much is still arriving. */
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

/** Whether all of the body has arrived within the limits. */
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

/** First our side alone: a connection that is reset takes the answer with it. */
function close(socket: Socket): void {
  socket.end();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
