import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Receives notifications like a partner's endpoint, and refuses some if required. */
export class Receiver {
  readonly bodies: string[] = [];
  readonly authorizations: (string | undefined)[] = [];
  /** Refuses that many of the next notifications that contain the text. */
  refusing = { text: '', times: 0 };
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        this.bodies.push(body);
        this.authorizations.push(request.headers.authorization);
        const isRefused = this.refusing.times > 0 && body.includes(this.refusing.text);
        if (isRefused) this.refusing.times -= 1;
        response.writeHead(isRefused ? 503 : 200).end();
      });
    });
  }

  /** Starts the receiver. Returns the environment with which a sandbox notifies it. */
  async listen(): Promise<Record<string, string>> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const { port } = this.server.address() as AddressInfo;
    return {
      SANDBOX_NOTIFICATION_URL: `http://127.0.0.1:${port}/notifications`,
      SANDBOX_NOTIFICATION_USERNAME: 'latam',
      SANDBOX_NOTIFICATION_PASSWORD: 'pass',
      SANDBOX_NOTIFICATION_RETRY_MS: '20,100',
    };
  }

  about(correlationId: string): string[] {
    return this.bodies.filter((body) => body.includes(correlationId));
  }

  /** Waits until `count` notifications with this correlationId have arrived. */
  async until(correlationId: string, count: number): Promise<string[]> {
    for (let waited = 0; waited < 5000; waited += 20) {
      if (this.about(correlationId).length >= count) return this.about(correlationId);
      await sleep(20);
    }
    throw new Error(
      `only ${this.about(correlationId).length} of ${count} notifications about ${correlationId} arrived`,
    );
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
