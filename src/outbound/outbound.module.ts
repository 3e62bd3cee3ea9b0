import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { HttpDoor } from './provider-http.service.js';
import { KeyWatch } from './key-watch.js';
import { Quota } from './quota.service.js';
import { TokenCache } from './token-cache.service.js';
import { OutboundTools } from './provider-client.factory.js';

/** What is lent to connectors. */
@Module({
  imports: [HttpModule],
  providers: [HttpDoor, KeyWatch, TokenCache, Quota, OutboundTools],
  exports: [KeyWatch, OutboundTools],
})
export class OutboundModule {}
