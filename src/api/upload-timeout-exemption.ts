import type { Socket } from 'node:net';

const exempt = new WeakSet<Socket>();

/**
 * Exempts a connection from the request timeout while `work` reads its body. If no more data arrives, the connection's
 * own timeout ends it.
 */
export async function withoutRequestTimeout<T>(socket: Socket, work: () => Promise<T>): Promise<T> {
  exempt.add(socket);
  try {
    return await work();
  } finally {
    exempt.delete(socket);
  }
}

export function isExemptFromTimeout(socket: Socket): boolean {
  return exempt.has(socket);
}
