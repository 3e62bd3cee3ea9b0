import { Injectable } from '@nestjs/common';
import type { TransactionType } from '../ledger/model/transaction.js';
import type { ProviderClient } from '../outbound/provider-client.js';
import { PROVIDERS, type OperationHandler, type ProviderDefinition } from '../connector/connector.js';

export interface RegisteredProvider {
  readonly definition: ProviderDefinition;
  readonly client: ProviderClient;
}

/** Where connectors announce themselves at start: the road of an operation knows no provider by name. */
@Injectable()
export class ConnectorRegistry {
  private readonly providers = new Map<string, RegisteredProvider>();
  private readonly handlers = new Map<TransactionType, OperationHandler>();

  /** @throws Error when a provider or an operation is announced twice. */
  register(definition: ProviderDefinition, client: ProviderClient): void {
    if (this.providers.has(definition.name)) throw new Error(`${definition.name} is registered twice`);
    this.providers.set(definition.name, { definition, client });
    for (const handler of definition.operations) {
      if (this.handlers.has(handler.type)) throw new Error(`${handler.type} has two handlers`);
      this.handlers.set(handler.type, handler);
    }
  }

  /** @throws Error when no connector performs this type. */
  handler(type: TransactionType): OperationHandler {
    const handler = this.handlers.get(type);
    if (!handler) throw new Error(`no connector performs ${type}`);
    return handler;
  }

  find(provider: string): RegisteredProvider | null {
    return this.providers.get(provider) ?? null;
  }

  /** In the order of the vocabulary, whatever the order in which the modules came up. */
  all(): RegisteredProvider[] {
    return PROVIDERS.flatMap((name) => this.find(name) ?? []);
  }

  /** The longest lease that an operation of this provider needs. */
  leaseMs(provider: string): number {
    const operations = this.providers.get(provider)?.definition.operations ?? [];
    return Math.max(...operations.map(leaseMsOf));
  }
}

/** From the begin of an attempt until its call must have begun: token, quota and queueing happen in this time. */
export const PREPARATION_MS = 10_000;
/** A lease outlives its call by little: after a crash somebody else takes over then. */
const LEASE_MARGIN_MS = 2_000;

export function leaseMsOf(handler: OperationHandler): number {
  return PREPARATION_MS + handler.deadlineMs + LEASE_MARGIN_MS;
}
