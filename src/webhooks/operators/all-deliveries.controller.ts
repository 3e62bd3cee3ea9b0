import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Operator } from '../../access/index.js';
import { page } from '../../api/pagination.js';
import { parseId } from '../../common/ids.js';
import { Reads } from '../../operations/http/openapi.decorators.js';
import { presentDelivery } from '../deliveries/deliveries.controller.js';
import { Deliveries } from '../deliveries/deliveries.service.js';
import { DeliveryPageDto, DeliveryQueryDto } from '../deliveries/delivery.dto.js';
import { ReplayDto } from '../replays/replay.dto.js';
import { presentReplay } from '../replays/replays.controller.js';
import { Replays } from '../replays/replays.service.js';
import { AllEndpoints } from './all-endpoints.service.js';

/** What was sent to any endpoint. */
@Controller('v1/admin')
@ApiTags('Administration')
@Operator('viewer')
export class AllDeliveriesController {
  constructor(
    private readonly all: AllEndpoints,
    private readonly deliveries: Deliveries,
    private readonly replays: Replays,
  ) {}

  /** List the deliveries of an endpoint, newest first. They are kept for 30 days after they ended. */
  @Get('webhook-endpoints/:id/deliveries')
  @Reads(DeliveryPageDto)
  async list(@Param('id') id: string, @Query() query: DeliveryQueryDto): Promise<DeliveryPageDto> {
    const { id: endpointId } = await this.all.read(parseId('whep', id));
    const { status, limit, before } = query;
    const request = { appId: null, endpointId, state: status ?? null, before, limit: limit + 1 };
    const { data, nextCursor } = page(await this.deliveries.list(request), limit, (row) => row.id);
    return { data: data.map(presentDelivery), nextCursor };
  }

  /** Get the progress of a replay. It is kept for 30 days after its end. */
  @Get('webhook-replays/:id')
  @Reads(ReplayDto)
  async readReplay(@Param('id') id: string): Promise<ReplayDto> {
    return presentReplay(await this.replays.read(null, parseId('rpl', id)));
  }
}
