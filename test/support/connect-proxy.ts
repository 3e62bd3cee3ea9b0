import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { portOf } from './sockets.js';

/** A forward proxy that connects every tunnel to one port of this machine, whatever target the client names. */
export interface ConnectProxy {
  readonly port: number;
  /** Heads of the requests that arrived. */
  readonly heads: string[];
  /** All bytes that clients sent through their tunnels, as Latin-1. */
  carried: string;
  /** Answers a request; default: opens the tunnel. */
  behave: (socket: Socket, head: string) => void;
  /** Sends this response head and opens the tunnel. */
  tunnel(socket: Socket, head?: string): void;
  close(): void;
}

/** With `tls` the connection to the proxy is encrypted too. */
export async function startConnectProxy(targetPort: number, tls?: TlsOptions): Promise<ConnectProxy> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket));
  };
  const serve = (socket: Socket): void => {
    track(socket);
    socket.once('data', (first) => {
      const head = first.toString('latin1');
      proxy.heads.push(head);
      proxy.behave(socket, head);
    });
  };
  const server = tls ? createTlsServer(tls, serve) : createServer(serve);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const proxy: ConnectProxy = {
    port: portOf(server),
    heads: [],
    carried: '',
    behave: (socket) => proxy.tunnel(socket),
    tunnel: (socket, head = 'HTTP/1.1 200 Connection established\r\n\r\n') => {
      const upstream = connect(targetPort, '127.0.0.1');
      track(upstream);
      upstream.once('connect', () => {
        socket.write(head);
        socket.on('data', (chunk) => (proxy.carried += chunk.toString('latin1')));
        socket.pipe(upstream).pipe(socket);
      });
      socket.once('close', () => upstream.destroy());
      upstream.once('close', () => socket.destroy());
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return proxy;
}
