import { Injectable } from '@nestjs/common';
import { Config } from '../config.js';
import { HttpDoor } from './http-door.js';
import { ProviderClient, type ProviderClientOptions } from './provider-client.js';
import { Quota } from './quota.js';
import { TokenCache } from './token-cache.js';

/** Makes the client of a provider from its rules. */
@Injectable()
export class OutboundTools {
  constructor(
    private readonly config: Config,
    private readonly door: HttpDoor,
    private readonly tokens: TokenCache,
    private readonly quota: Quota,
  ) {}

  client(options: Omit<ProviderClientOptions, 'breaker'>): ProviderClient {
    return new ProviderClient(this.door, this.tokens, this.quota, { ...options, breaker: this.config.breaker });
  }
}
