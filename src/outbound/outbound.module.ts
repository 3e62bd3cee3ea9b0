import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { ProviderHttp } from './provider-http.service.js';
import { Quota } from './quota.service.js';
import { TokenCache } from './token-cache.service.js';
import { ProviderClientFactory } from './provider-client.factory.js';

/** The HTTP client, tokens and quotas that connectors use. */
@Module({
  imports: [HttpModule],
  providers: [ProviderHttp, TokenCache, Quota, ProviderClientFactory],
  exports: [ProviderClientFactory],
})
export class OutboundModule {}
