import { Module } from '@nestjs/common';
import { ConnectorRegistry } from './connector-registry.service.js';

/** One registry for all modules: connectors register at start. */
@Module({ providers: [ConnectorRegistry], exports: [ConnectorRegistry] })
export class ConnectorRegistryModule {}
