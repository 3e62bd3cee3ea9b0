import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiOkResponse, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../access/index.js';
import { LivenessDto, ReadinessDto } from './health.dto.js';
import { Readiness } from './readiness.service.js';

/** Health checks for orchestrators and load balancers. */
@Controller('health')
@Public()
@ApiTags('Operations')
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** The process is running. */
  @Get('live')
  @ApiOkResponse({ type: LivenessDto })
  live(): LivenessDto {
    return { status: 'ok' };
  }

  /** The instance can serve requests: database and migrations are ready. Providers are not checked. */
  @Get('ready')
  @ChecksReadiness()
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadinessDto> {
    const readiness = await this.readiness.check();
    void reply.status(readiness.status === 'ready' ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
    return readiness;
  }
}

function ChecksReadiness(): MethodDecorator {
  return (target, key, descriptor) => {
    ApiOkResponse({ type: ReadinessDto })(target, key, descriptor);
    ApiServiceUnavailableResponse({ type: ReadinessDto, description: 'The instance cannot serve requests now.' })(
      target,
      key,
      descriptor,
    );
  };
}
