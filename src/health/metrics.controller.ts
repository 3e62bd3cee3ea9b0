import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Public } from '../access/index.js';
import { registry } from '../common/metrics.js';

@Controller('metrics')
@Public()
@ApiTags('Operations')
export class MetricsController {
  /** Prometheus metrics of this instance. */
  @Get()
  @ShowsMetrics()
  async read(): Promise<string> {
    return registry.metrics();
  }
}

function ShowsMetrics(): MethodDecorator {
  return (target, key, descriptor) => {
    Header('Content-Type', registry.contentType)(target, key, descriptor);
    ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' } } } })(target, key, descriptor);
  };
}
