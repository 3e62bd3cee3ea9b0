import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Caller, Partner, type AppCaller } from '../../access/index.js';
import { page, PageQueryDto } from '../../api/pagination.js';
import { parseId } from '../../common/ids.js';
import { Reads } from '../../operations/http/openapi.decorators.js';
import { DEFAULT_TYPES } from '../events/event-types.js';
import {
  CreateEndpointDto,
  EndpointDto,
  EndpointPageDto,
  NewEndpointDto,
  RotateSecretDto,
  SecretDto,
  UpdateEndpointDto,
} from './endpoint.dto.js';
import { Changes, Creates, Removes, Rotates } from './endpoint-routes.js';
import { Endpoints } from './endpoints.service.js';
import { appOf } from './owner.js';
import { present } from './present-endpoint.js';

/** Where the app receives its events as signed requests. */
@Controller('v1/webhook-endpoints')
@ApiTags('Events')
@Partner('webhooks')
export class EndpointsController {
  constructor(private readonly endpoints: Endpoints) {}

  /** Register an endpoint, at most ten. It receives the events from now on; replay delivers earlier ones. */
  @Post()
  @Creates(NewEndpointDto)
  async create(@Body() dto: CreateEndpointDto, @Caller() caller: AppCaller): Promise<NewEndpointDto> {
    const { url, types = DEFAULT_TYPES, description = null } = dto;
    const [endpoint, secret] = await this.endpoints.create(appOf(caller), { url, types, description });
    return { ...present(endpoint), secret };
  }

  /** List the app's endpoints, newest first. */
  @Get()
  @Reads(EndpointPageDto)
  async list(@Query() query: PageQueryDto, @Caller() { appId }: AppCaller): Promise<EndpointPageDto> {
    const found = await this.endpoints.list(appId, query.limit + 1, query.before);
    const { data, nextCursor } = page(found, query.limit, ({ id }) => id);
    return { data: data.map(present), nextCursor };
  }

  /** Get one endpoint. */
  @Get(':id')
  @Reads(EndpointDto)
  async read(@Param('id') id: string, @Caller() { appId }: AppCaller): Promise<EndpointDto> {
    return present(await this.endpoints.read(appId, parseId('whep', id)));
  }

  /**
   * Change an endpoint. Omitted members keep their values. What an operator has disabled can neither be enabled nor get
   * another URL.
   */
  @Patch(':id')
  @Changes(EndpointDto)
  async update(
    @Param('id') id: string,
    @Body() dto: UpdateEndpointDto,
    @Caller() caller: AppCaller,
  ): Promise<EndpointDto> {
    return present(await this.endpoints.update(appOf(caller), parseId('whep', id), dto));
  }

  /** Delete an endpoint and its deliveries. What an operator has disabled cannot be deleted: ask an operator to enable it. */
  @Delete(':id')
  @Removes()
  async remove(@Param('id') id: string, @Caller() caller: AppCaller): Promise<void> {
    await this.endpoints.remove(appOf(caller), parseId('whep', id));
  }

  /** Replace the secret. Deliveries are signed with both secrets until the grace period ends. */
  @Post(':id/rotate-secret')
  @Rotates()
  async rotateSecret(
    @Param('id') id: string,
    @Body() { graceSeconds }: RotateSecretDto,
    @Caller() caller: AppCaller,
  ): Promise<SecretDto> {
    return { secret: await this.endpoints.rotateSecret(appOf(caller), parseId('whep', id), graceSeconds) };
  }
}
