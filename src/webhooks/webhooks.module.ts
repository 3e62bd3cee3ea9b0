import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { OperationsModule } from '../operations/operations.module.js';
import { EventFeed } from './events/event-feed.service.js';
import { EventsController } from './events/events.controller.js';

/** What partners are told: the feed of events, and signed webhooks. */
@Module({
  imports: [AccessModule, OperationsModule],
  controllers: [EventsController],
  providers: [EventFeed],
})
export class WebhooksModule {}
