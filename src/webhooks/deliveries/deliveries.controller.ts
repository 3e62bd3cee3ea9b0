import { applyDecorators, Controller, Get, HttpCode, HttpStatus, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiTags } from '@nestjs/swagger';
import { Caller, Partner, type AppCaller } from '../../access/index.js';
import { ApiProblems } from '../../api/openapi.js';
import { page } from '../../api/pagination.js';
import { parseId, publicId } from '../../common/ids.js';
import { Reads } from '../../operations/http/openapi.decorators.js';
import { Endpoints } from '../endpoints/endpoints.service.js';
import { Deliveries, type DeliveryRow } from './deliveries.service.js';
import { DeliveryDto, DeliveryPageDto, DeliveryQueryDto, EndpointTestDto } from './delivery.dto.js';
import { EndpointTest } from './endpoint-test.service.js';
import { presentTest } from './present-test.js';

/** What was sent to the app's endpoints, and with what result. */
@Controller('v1')
@ApiTags('Events')
@Partner('webhooks')
export class DeliveriesController {
  constructor(
    private readonly endpoints: Endpoints,
    private readonly deliveries: Deliveries,
    private readonly test: EndpointTest,
  ) {}

  /** List the deliveries of an endpoint, newest first. They are kept for 30 days after they ended. */
  @Get('webhook-endpoints/:id/deliveries')
  @Reads(DeliveryPageDto)
  async list(
    @Param('id') id: string,
    @Query() { status, limit, before }: DeliveryQueryDto,
    @Caller() { appId }: AppCaller,
  ): Promise<DeliveryPageDto> {
    const { id: endpointId } = await this.endpoints.read(appId, parseId('whep', id));
    const request = { appId, endpointId, state: status ?? null, before, limit: limit + 1 };
    const { data, nextCursor } = page(await this.deliveries.list(request), limit, (row) => row.id);
    return { data: data.map(presentDelivery), nextCursor };
  }

  /**
   * Send a test event to an endpoint now: a signed request of the type `webhook_endpoint.test`. It works for a disabled
   * endpoint too, counts for nothing and is not repeated. One test of an endpoint at a time.
   */
  @Post('webhook-endpoints/:id/test')
  @HttpCode(HttpStatus.OK)
  @Reads(EndpointTestDto)
  async sendTest(@Param('id') id: string, @Caller() { appId }: AppCaller): Promise<EndpointTestDto> {
    return presentTest(await this.test.run(appId, parseId('whep', id)));
  }

  /** Get one delivery. */
  @Get('webhook-deliveries/:id')
  @Reads(DeliveryDto)
  async read(@Param('id') id: string, @Caller() { appId }: AppCaller): Promise<DeliveryDto> {
    return presentDelivery(await this.deliveries.read(appId, parseId('whd', id)));
  }

  /** Send a delivery again that has ended, with the same event id. */
  @Post('webhook-deliveries/:id/resend')
  @Resends()
  async resend(@Param('id') id: string, @Caller() caller: AppCaller): Promise<DeliveryDto> {
    return presentDelivery(await this.deliveries.resend(caller, parseId('whd', id)));
  }
}

function Resends(): MethodDecorator {
  const accepted = ApiAcceptedResponse({ type: DeliveryDto, description: 'It is pending again.' });
  return applyDecorators(HttpCode(HttpStatus.ACCEPTED), accepted, ApiProblems('not_found', 'invalid_state'));
}

export function presentDelivery(row: DeliveryRow): DeliveryDto {
  return {
    id: publicId('whd', row.id),
    endpointId: publicId('whep', row.endpointId),
    eventId: publicId('evt', row.eventId),
    type: row.type,
    transactionId: row.transactionId === null ? null : publicId('txn', row.transactionId),
    status: row.state,
    attempts: row.attempts,
    lastStatus: row.lastStatus,
    lastError: row.lastError,
    nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
    deliveredAt: row.deliveredAt?.toISOString() ?? null,
    log: [...row.log],
  };
}
