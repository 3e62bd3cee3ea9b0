import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { ProviderHttp } from './provider-http.service.js';
import { ProviderClient, type ProviderClientOptions } from './provider-client.js';
import { Quota } from './quota.service.js';
import { TokenCache } from './token-cache.service.js';

/** Creates the client of a provider from its rules. */
@Injectable()
export class ProviderClientFactory {
  constructor(
    private readonly config: Config,
    private readonly http: ProviderHttp,
    private readonly tokens: TokenCache,
    private readonly quota: Quota,
  ) {}

  client(options: Omit<ProviderClientOptions, 'breaker'>): ProviderClient {
    return new ProviderClient(this.http, this.tokens, this.quota, { ...options, breaker: this.config.breaker });
  }
}
