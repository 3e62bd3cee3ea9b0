import { applyDecorators, Body, Controller, Get, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { Audit, Caller, Operator, type OperatorCaller } from '../../access/index.js';
import { Reads } from '../http/openapi.decorators.js';
import { ProviderHealth } from './provider-health.service.js';
import { PauseDto, ProviderHealthDto, ProviderListDto } from './provider.dto.js';

/** The state of the providers. */
@Controller('v1/admin/providers')
@Operator('viewer')
export class ProvidersController {
  constructor(private readonly health: ProviderHealth) {}

  /** Get token, quota, queue, circuit breaker and last success of each provider. */
  @Get()
  @Reads(ProviderListDto)
  async list(): Promise<ProviderListDto> {
    return { data: await this.health.all() };
  }
}

/** Actions of operators on a provider. Each is audited. */
@Controller('v1/admin/providers/:name')
@Operator('operator')
export class ProviderActsController {
  constructor(
    private readonly health: ProviderHealth,
    private readonly audit: Audit,
  ) {}

  /** Pause a provider. Requests in progress finish; new ones wait. */
  @Post('pause')
  @ActsOnProvider()
  async pause(
    @Param('name') name: string,
    @Body() dto: PauseDto,
    @Caller() caller: OperatorCaller,
  ): Promise<ProviderHealthDto> {
    const reason = dto.reason ?? null;
    return this.act(name, caller, 'pause', { reason }, (actor) => this.health.pause(name, actor, reason));
  }

  /** Resume a provider. An open circuit breaker is closed too. */
  @Post('resume')
  @ActsOnProvider()
  async resume(@Param('name') name: string, @Caller() caller: OperatorCaller): Promise<ProviderHealthDto> {
    return this.act(name, caller, 'resume', {}, () => this.health.resume(name));
  }

  /** Discard the cached token and log in again. */
  @Post('token/refresh')
  @ActsOnProvider()
  async refreshToken(@Param('name') name: string, @Caller() caller: OperatorCaller): Promise<ProviderHealthDto> {
    return this.act(name, caller, 'token.refresh', {}, () => this.health.refreshToken(name));
  }

  private async act(
    name: string,
    caller: OperatorCaller,
    verb: string,
    detail: Record<string, string | null>,
    does: (actor: string) => Promise<void>,
  ): Promise<ProviderHealthDto> {
    this.health.assertKnown(name);
    // Before the action: the audit log may have an action that failed, but never lacks one that happened.
    await this.audit.record(caller, `provider.${verb}`, name, detail);
    await does(`operator:${caller.username}`);
    return this.health.one(name);
  }
}

function ActsOnProvider(): MethodDecorator {
  return applyDecorators(HttpCode(HttpStatus.OK), Reads(ProviderHealthDto, 'provider_error', 'provider_unavailable'));
}
