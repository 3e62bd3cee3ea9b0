import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { portOf } from './sockets.js';
import { SERVER_CA } from './tls-postgres.js';

const FOLDER = join(SERVER_CA, '..');

/** The authority that has signed the provider's certificate, which is for `provider.example` and `localhost`. */
export const PRIVATE_CA = join(FOLDER, 'private-ca.crt');

/** Certificate and key of a provider with a private authority. */
export const PROVIDER_IDENTITY = {
  cert: readFileSync(join(FOLDER, 'provider.crt')),
  key: readFileSync(join(FOLDER, 'provider.key')),
};

/** A proxy that terminates TLS in front of a provider without TLS. */
export interface TlsFront {
  readonly port: number;
  /** Number of connections whose handshake was completed. */
  accepted: number;
  close(): void;
}

export async function startTlsFront(targetPort: number): Promise<TlsFront> {
  const sockets = new Set<Socket>();
  const server = createServer(PROVIDER_IDENTITY, (socket) => {
    front.accepted += 1;
    const upstream = connect(targetPort, '127.0.0.1');
    for (const end of [socket, upstream]) {
      sockets.add(end);
      end.on('error', () => end.destroy()).once('close', () => sockets.delete(end));
    }
    socket.once('close', () => upstream.destroy());
    upstream.once('close', () => socket.end());
    socket.pipe(upstream).pipe(socket);
  });
  server.on('tlsClientError', () => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const front: TlsFront = {
    port: portOf(server),
    accepted: 0,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return front;
}
