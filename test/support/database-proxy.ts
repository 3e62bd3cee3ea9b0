import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { portOf } from './sockets.js';

/** A TCP proxy in front of PostgreSQL that can interrupt connections, to simulate a failover. */
export interface DatabaseProxy {
  /** The URL of the database through the proxy. */
  readonly url: string;
  /** Closes all connections, and every new one at once, until `restore`. */
  cut(): void;
  restore(): void;
  /** Drops the answers of the database until `restore`; statements still arrive there. */
  mute(): void;
  close(): Promise<void>;
}

export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl);
  const open = new Set<Socket>();
  let isCut = false;
  let isMuted = false;
  const silence = (upstream: Socket): void => {
    upstream.unpipe();
    upstream.resume();
  };
  const server = createServer((client) => {
    client.on('error', () => undefined);
    if (isCut) return void client.resetAndDestroy();
    const upstream = connect(Number(target.port), target.hostname);
    upstream.on('error', () => undefined);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket);
      socket.pipe(other);
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    if (isMuted) silence(upstream);
    upstreams.add(upstream);
    upstream.on('close', () => upstreams.delete(upstream));
  });
  const upstreams = new Set<Socket>();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = Object.assign(new URL(databaseUrl), { port: String(portOf(server)), hostname: '127.0.0.1' }).href;
  return {
    url,
    cut: () => {
      isCut = true;
      for (const socket of open) socket.destroy();
    },
    restore: () => {
      isCut = false;
      isMuted = false;
    },
    mute: () => {
      isMuted = true;
      upstreams.forEach(silence);
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
