import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { HttpDoor } from './http-door.js';
import { KeyWatch } from './key-watch.js';
import { Quota } from './quota.js';
import { TokenCache } from './token-cache.js';
import { OutboundTools } from './tools.js';

/** What is lent to connectors. */
@Module({
  imports: [HttpModule],
  providers: [HttpDoor, KeyWatch, TokenCache, Quota, OutboundTools],
  exports: [KeyWatch, OutboundTools],
})
export class OutboundModule {}
