import { Injectable } from '@nestjs/common';
import type { ProviderClient } from '../outbound/provider-client.js';
import type { OperationHandler, ProviderDefinition } from '../connector/connector.js';
import { DECLARED, PROVIDERS } from '../providers/declared.js';

export interface RegisteredProvider {
  readonly definition: ProviderDefinition;
  readonly client: ProviderClient;
}

/** Connectors register here at start: no other part of the gateway knows a provider by name. */
@Injectable()
export class ConnectorRegistry {
  private readonly providers = new Map<string, RegisteredProvider>();
  private readonly handlers = new Map<string, OperationHandler>();

  /** @throws Error when a provider is registered twice, or is not what its manifest declares */
  register(definition: ProviderDefinition, client: ProviderClient): void {
    if (this.providers.has(definition.name)) throw new Error(`${definition.name} is registered twice`);
    const manifest = DECLARED.find(({ name }) => name === definition.name);
    const declared = Object.keys(manifest?.operations ?? {}).sort();
    const handled = definition.operations.map(({ type }) => type).sort();
    if (declared.join() !== handled.join()) {
      throw new Error(
        `${definition.name} declares the operations ${declared.join(', ')}; it handles ${handled.join(', ')}`,
      );
    }
    if ((manifest?.notifications === undefined) !== (definition.readNotification === undefined)) {
      throw new Error(`${definition.name} needs both notifications in its manifest and a readNotification, or neither`);
    }
    this.providers.set(definition.name, { definition, client });
    for (const handler of definition.operations) {
      if (this.handlers.has(handler.type)) throw new Error(`${handler.type} has two handlers`);
      this.handlers.set(handler.type, handler);
    }
  }

  /** @throws Error when no connector performs this type. */
  handler(type: string): OperationHandler {
    const handler = this.handlers.get(type);
    if (!handler) throw new Error(`no connector performs ${type}`);
    return handler;
  }

  find(provider: string): RegisteredProvider | null {
    return this.providers.get(provider) ?? null;
  }

  /** In the order of the manifests, whatever the order in which the modules started. */
  all(): RegisteredProvider[] {
    return PROVIDERS.flatMap((name) => this.find(name) ?? []);
  }

  /** The longest lease that an operation of this provider needs. */
  leaseMs(provider: string): number {
    const operations = this.providers.get(provider)?.definition.operations ?? [];
    return Math.max(...operations.map(leaseMsOf));
  }
}

/** Time from the beginning of an attempt to its call: for the token, the quota and queueing. */
export const PREPARATION_MS = 10_000;
/** Time that a lease outlives its call. After a crash, another instance takes over when the lease ends. */
const LEASE_MARGIN_MS = 2_000;

export function leaseMsOf(handler: OperationHandler): number {
  return PREPARATION_MS + handler.deadlineMs + LEASE_MARGIN_MS;
}
