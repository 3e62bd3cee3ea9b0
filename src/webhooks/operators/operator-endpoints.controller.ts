import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Audit, Caller, Operator, type OperatorCaller } from '../../access/index.js';
import { page } from '../../api/pagination.js';
import { parseId, publicId } from '../../common/ids.js';
import { Problem } from '../../common/problem.js';
import { Reads } from '../../operations/http/openapi.decorators.js';
import { EndpointTestDto } from '../deliveries/delivery.dto.js';
import { EndpointTest } from '../deliveries/endpoint-test.service.js';
import { presentTest } from '../deliveries/present-test.js';
import type { Endpoint } from '../endpoints/endpoint.js';
import { RotateSecretDto, SecretDto } from '../endpoints/endpoint.dto.js';
import { Changes, Creates, Removes, Rotates } from '../endpoints/endpoint-routes.js';
import { Endpoints } from '../endpoints/endpoints.service.js';
import { operatorsOf } from '../endpoints/owner.js';
import { present } from '../endpoints/present-endpoint.js';
import { OPS_TYPES } from '../events/gateway-event-types.js';
import { ReplayDto, ReplayRequestDto } from '../replays/replay.dto.js';
import { Begins, presentReplay, toReplayRequest } from '../replays/replays.controller.js';
import { Replays } from '../replays/replays.service.js';
import { AllEndpoints } from './all-endpoints.service.js';
import {
  CreateOperatorEndpointDto,
  NewOperatorEndpointDto,
  OperatorEndpointDto,
  OperatorEndpointPageDto,
  OperatorEndpointQueryDto,
  UpdateOperatorEndpointDto,
} from './operator-endpoint.dto.js';

/** The endpoints of all apps, and the operators' own. */
@Controller('v1/admin/webhook-endpoints')
@ApiTags('Administration')
@Operator('viewer')
export class AllEndpointsController {
  constructor(
    private readonly all: AllEndpoints,
    private readonly replays: Replays,
  ) {}

  /** List the endpoints of all apps and of the operators, newest first. */
  @Get()
  @Reads(OperatorEndpointPageDto)
  async list(@Query() { appId, limit, before }: OperatorEndpointQueryDto): Promise<OperatorEndpointPageDto> {
    const found = await this.all.list(appId === undefined ? null : appIdOf(appId), limit + 1, before);
    const { data, nextCursor } = page(found, limit, ({ id }) => id);
    return { data: data.map(presentToOperators), nextCursor };
  }

  /** Get one endpoint. */
  @Get(':id')
  @Reads(OperatorEndpointDto)
  async read(@Param('id') id: string): Promise<OperatorEndpointDto> {
    return presentToOperators(await this.all.read(parseId('whep', id)));
  }

  /** Disable an endpoint. Its app cannot enable it again. */
  @Post(':id/disable')
  @Operator('operator')
  @Changes(OperatorEndpointDto)
  async disable(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<OperatorEndpointDto> {
    return presentToOperators(await this.all.setEnabled(caller, parseId('whep', id), false));
  }

  /** Enable an endpoint and forget its earlier failures. Replay what was missed. */
  @Post(':id/enable')
  @Operator('operator')
  @Changes(OperatorEndpointDto)
  async enable(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<OperatorEndpointDto> {
    return presentToOperators(await this.all.setEnabled(caller, parseId('whep', id), true));
  }

  /**
   * Send the events of a period to the endpoint of an app, at most 100,000 at a time. One replay of an endpoint at a time.
   */
  @Post(':id/replay')
  @Operator('operator')
  @Begins()
  async replay(
    @Param('id') id: string,
    @Body() dto: ReplayRequestDto,
    @Caller() caller: OperatorCaller,
  ): Promise<ReplayDto> {
    const endpoint = await this.all.read(parseId('whep', id));
    return presentReplay(await this.replays.begin(caller, endpoint, toReplayRequest(dto)));
  }
}

/** The operators' own endpoints. The endpoints of apps can only be disabled and enabled. */
@Controller('v1/admin/webhook-endpoints')
@ApiTags('Administration')
@Operator('admin')
export class OperatorEndpointsController {
  constructor(
    private readonly all: AllEndpoints,
    private readonly endpoints: Endpoints,
    private readonly test: EndpointTest,
    private readonly audit: Audit,
  ) {}

  /** Register an endpoint for operators, at most ten. */
  @Post()
  @Creates(NewOperatorEndpointDto)
  async create(
    @Body() dto: CreateOperatorEndpointDto,
    @Caller() caller: OperatorCaller,
  ): Promise<NewOperatorEndpointDto> {
    const { url, types = OPS_TYPES, description = null } = dto;
    const [endpoint, secret] = await this.endpoints.create(operatorsOf(caller), { url, types, description });
    return { ...presentToOperators(endpoint), secret };
  }

  /** Change an endpoint of the operators. Omitted members keep their values. */
  @Patch(':id')
  @Changes(OperatorEndpointDto)
  async update(
    @Param('id') id: string,
    @Body() dto: UpdateOperatorEndpointDto,
    @Caller() caller: OperatorCaller,
  ): Promise<OperatorEndpointDto> {
    const uuid = await this.own(id);
    return presentToOperators(await this.endpoints.update(operatorsOf(caller), uuid, dto));
  }

  /** Delete an endpoint of the operators, and its deliveries. */
  @Delete(':id')
  @Removes()
  async remove(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<void> {
    await this.endpoints.remove(operatorsOf(caller), await this.own(id));
  }

  /** Replace the secret. Deliveries are signed with both secrets until the grace period ends. */
  @Post(':id/rotate-secret')
  @Rotates('invalid_state')
  async rotateSecret(
    @Param('id') id: string,
    @Body() { graceSeconds }: RotateSecretDto,
    @Caller() caller: OperatorCaller,
  ): Promise<SecretDto> {
    return { secret: await this.endpoints.rotateSecret(operatorsOf(caller), await this.own(id), graceSeconds) };
  }

  /** Send a test event to an endpoint of the operators now. It counts for nothing and is not repeated. */
  @Post(':id/test')
  @HttpCode(HttpStatus.OK)
  @Reads(EndpointTestDto, 'invalid_state')
  async sendTest(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<EndpointTestDto> {
    const uuid = await this.own(id);
    await this.audit.record(caller, 'webhook_endpoint.test', id);
    return presentTest(await this.test.run(null, uuid));
  }

  private async own(id: string): Promise<string | null> {
    const uuid = parseId('whep', id);
    await this.all.assertOperators(uuid);
    return uuid;
  }
}

/** @throws Problem `validation_failed` */
function appIdOf(text: string): string {
  const uuid = parseId('app', text);
  if (uuid === null) throw Problem.invalid('?appId', 'must be an app id (app_…)');
  return uuid;
}

function presentToOperators(endpoint: Endpoint): OperatorEndpointDto {
  const { appId } = endpoint;
  return { ...present(endpoint), appId: appId === null ? null : publicId('app', appId) };
}
