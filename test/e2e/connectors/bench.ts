import { startFaultyProxy, type Fault, type FaultyProxy, type ProviderRequest } from '../../support/faulty-proxy.js';
import { at, textAt, type Answer } from '../../support/http.js';
import { bareId } from '../../support/ids.js';
import { eventually } from '../../support/wait.js';
import { startWorld, type World } from '../../support/world.js';
import type { Connector, Order } from './connector.js';

/** An operation that was submitted. */
export interface Submitted {
  readonly id: string;
  readonly mark: string;
  /** The answer to the request that submitted it. */
  readonly answer: Answer;
}

/**
 * A gateway whose calls to the simulated providers go through a proxy, which injects faults into the calls of one
 * connector.
 */
export class Bench {
  private constructor(
    readonly connector: Connector,
    readonly proxy: FaultyProxy,
    readonly world: World,
  ) {}

  static async start(connector: Connector): Promise<Bench> {
    const proxy = await startFaultyProxy();
    const options = await connector.world?.();
    const gateway = { BREAKER_FAILURES: '100000', ...options?.gateway };
    return new Bench(connector, proxy, await startWorld({ ...options, gateway, between: proxy }));
  }

  /** Submits an order. Its calls to the provider get these faults, in this order. */
  async submit(order: Order, ...faults: readonly Fault[]): Promise<Submitted> {
    const mark = this.connector.mark(order);
    this.proxy.spoil((request) => this.isExecution(request, mark), ...faults);
    const answer = await this.world.call('POST', this.connector.path, order, { prefer: 'wait=0' });
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
    return { id: textAt(answer.body, 'id'), mark, answer };
  }

  /** Waits until the transaction has one of these statuses, and returns it. */
  async once({ id }: Submitted, ...statuses: readonly string[]): Promise<unknown> {
    const answer = await eventually(
      30_000,
      () => this.world.call('GET', `/v1/transactions/${id}`),
      ({ body }) => statuses.includes(String(at(body, 'status'))),
    );
    return answer.body;
  }

  /** The calls that may have executed the operation. */
  sent({ mark }: Submitted): ProviderRequest[] {
    return this.proxy.requests.filter((request) => this.isExecution(request, mark));
  }

  /** The number of times that the provider really executed the operation. */
  async executions({ id, mark }: Submitted): Promise<number> {
    const effects = await this.world.sandbox.effects(this.connector.name);
    const texts = effects.map((effect) => JSON.stringify(effect));
    return texts.filter((text) => text.includes(mark) || text.includes(bareId(id))).length;
  }

  called(pattern: RegExp): number {
    return this.proxy.requests.filter(({ method, path }) => pattern.test(`${method} ${path}`)).length;
  }

  private isExecution({ method, path, body }: ProviderRequest, mark: string): boolean {
    return this.connector.calls.execute.test(`${method} ${path}`) && body.includes(mark);
  }
}
