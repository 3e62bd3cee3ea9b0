import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'tls');

/** Files for `sslrootcert`: the authority of the server, and an unrelated one. */
export const SERVER_CA = join(FOLDER, 'server.crt');
export const OTHER_CA = join(FOLDER, 'other.crt');

/** The message with which a client requests TLS (PostgreSQL, "SSLRequest"): its length, 8, and a code. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** A proxy in front of a PostgreSQL that accepts only TLS connections. */
export interface TlsDoor {
  /** The port on `localhost`, the name in the certificate. */
  readonly port: number;
  /** Numbers of accepted TLS connections, and of refused ones without TLS. */
  readonly counts: { encrypted: number; plain: number };
  close(): void;
}

/** Terminates TLS in front of the server at `url`, which has none. */
export async function startTlsDoor(url: string): Promise<TlsDoor> {
  const { hostname, port } = new URL(url);
  const secureContext = createSecureContext({
    cert: readFileSync(SERVER_CA),
    key: readFileSync(join(FOLDER, 'server.key')),
  });
  const counts = { encrypted: 0, plain: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    socket.once('data', (first) => {
      if (!first.equals(SSL_REQUEST)) {
        counts.plain += 1;
        socket.destroy();
        return;
      }
      socket.write('S');
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      secure.on('error', () => socket.destroy());
      secure.once('secure', () => {
        counts.encrypted += 1;
        const upstream = connect(Number(port), hostname);
        upstream.on('error', () => socket.destroy()).once('close', () => socket.destroy());
        secure.once('close', () => upstream.destroy());
        secure.pipe(upstream).pipe(secure);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the door has no port');
  return {
    port: address.port,
    counts,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
