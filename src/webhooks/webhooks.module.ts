import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { OperationsModule } from '../operations/operations.module.js';
import { DeliveriesJob } from './deliveries/deliveries.job.js';
import { DeliveryClaims } from './deliveries/delivery-claims.service.js';
import { DeliveryResults } from './deliveries/delivery-results.service.js';
import { EndpointsController } from './endpoints/endpoints.controller.js';
import { Endpoints } from './endpoints/endpoints.service.js';
import { EventFeed } from './events/event-feed.service.js';
import { EventsController } from './events/events.controller.js';
import { WebhookHttp } from './sending/webhook-http.service.js';

/** What partners are told: the feed of events, and signed webhooks. */
@Module({
  imports: [AccessModule, OperationsModule],
  controllers: [EventsController, EndpointsController],
  providers: [DeliveriesJob, DeliveryClaims, DeliveryResults, EventFeed, Endpoints, WebhookHttp],
})
export class WebhooksModule {}
