import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { OperationsModule } from '../operations/operations.module.js';
import { DeliveriesController } from './deliveries/deliveries.controller.js';
import { DeliveriesJob } from './deliveries/deliveries.job.js';
import { Deliveries } from './deliveries/deliveries.service.js';
import { DeliveryClaims } from './deliveries/delivery-claims.service.js';
import { DeliveryGauges } from './deliveries/delivery-gauges.job.js';
import { DeliveryResults } from './deliveries/delivery-results.service.js';
import { ExpiryJob } from './deliveries/expiry.job.js';
import { EndpointTest } from './deliveries/endpoint-test.service.js';
import { Orphans } from './deliveries/orphans.job.js';
import { TimelineDeliveries } from './deliveries/timeline-deliveries.service.js';
import { EndpointsController } from './endpoints/endpoints.controller.js';
import { Endpoints } from './endpoints/endpoints.service.js';
import { EventBodies } from './deliveries/event-bodies.service.js';
import { EventFeed } from './events/event-feed.service.js';
import { EventsController } from './events/events.controller.js';
import { ReplaysController } from './replays/replays.controller.js';
import { ReplaysJob } from './replays/replays.job.js';
import { Replays } from './replays/replays.service.js';
import { GatewayEvents } from './events/gateway-events.service.js';
import { AllDeliveriesController } from './operators/all-deliveries.controller.js';
import { AllEndpoints } from './operators/all-endpoints.service.js';
import { AllEndpointsController, OperatorEndpointsController } from './operators/operator-endpoints.controller.js';
import { LedgerHeadJob } from './operators/ledger-head.job.js';
import { WebhookHttp } from './sending/webhook-http.service.js';

/** The feed of events and the signed webhooks, for partner apps and operators. */
@Module({
  imports: [AccessModule, OperationsModule],
  controllers: [
    ...[EventsController, EndpointsController, DeliveriesController, ReplaysController],
    ...[AllEndpointsController, OperatorEndpointsController, AllDeliveriesController],
  ],
  providers: [
    ...[DeliveriesJob, DeliveryClaims, DeliveryResults, Deliveries, EventBodies, Orphans, ExpiryJob],
    ...[EventFeed, GatewayEvents, Endpoints, EndpointTest, WebhookHttp],
    ...[Replays, ReplaysJob, AllEndpoints, LedgerHeadJob, DeliveryGauges, TimelineDeliveries],
  ],
})
export class WebhooksModule {}
