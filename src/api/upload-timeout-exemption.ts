import type { Socket } from 'node:net';

const flowing = new WeakSet<Socket>();

/**
 * While `work` reads the body of the request on that connection it may take longer than a request may otherwise. What
 * stops flowing is cut off by the connection's own timeout.
 */
export async function whileFlowing<T>(socket: Socket, work: () => Promise<T>): Promise<T> {
  flowing.add(socket);
  try {
    return await work();
  } finally {
    flowing.delete(socket);
  }
}

export function isFlowing(socket: Socket): boolean {
  return flowing.has(socket);
}
