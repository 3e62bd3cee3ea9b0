import { request, type Agent, type Dispatcher } from 'undici';
import type { ProxyAddress } from '../../config/config.js';
import { errorCode } from '../../readers/error-code.js';
import { createWebhookAgent } from './guarded-connector.js';
import type { AddressRule } from './public-address.js';

/** The connection ended before an answer. */
const LOST = /^(UND_ERR_SOCKET|ECONNRESET|EPIPE)$/;

type RequestOptions = NonNullable<Parameters<typeof request>[1]>;

/**
 * Sends requests over connections that are used again. A receiver may close one at the moment in which the next request
 * takes it, or after every answer without a word. That says nothing about the receiver: such a request is sent once
 * more, over a new connection. It may arrive twice then, like every delivery. A receiver that has no open connection
 * gets one request.
 */
export class Connections {
  private readonly reused: Agent;
  private readonly single: Agent;
  /** The number of open connections to each origin. */
  private readonly open = new Map<string, number>();

  constructor(isAllowed: AddressRule, proxy: ProxyAddress | null) {
    this.reused = createWebhookAgent(isAllowed, proxy);
    this.single = createWebhookAgent(isAllowed, proxy, 'single');
    this.reused.on('connect', ({ origin }) => this.count(origin, 1));
    this.reused.on('disconnect', ({ origin }) => this.count(origin, -1));
  }

  async post(url: string, options: RequestOptions): Promise<Dispatcher.ResponseData<unknown>> {
    const mayReuse = this.open.has(new URL(url).origin);
    try {
      return await request(url, { ...options, method: 'POST', dispatcher: this.reused });
    } catch (error) {
      if (!mayReuse || !LOST.test(errorCode(error) ?? '')) throw error;
      return request(url, { ...options, method: 'POST', dispatcher: this.single });
    }
  }

  async destroy(): Promise<void> {
    await Promise.all([this.reused.destroy(), this.single.destroy()]);
  }

  private count(origin: string, change: 1 | -1): void {
    const count = (this.open.get(origin) ?? 0) + change;
    if (count > 0) this.open.set(origin, count);
    else this.open.delete(origin);
  }
}
