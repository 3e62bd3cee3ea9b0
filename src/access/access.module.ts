import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { AccessStrategy } from './basic.strategy.js';
import { AppsController } from './admin/apps.controller.js';
import { AppSecrets } from './admin/app-secrets.service.js';
import { Apps } from './admin/apps.service.js';
import { AuditController } from './admin/audit.controller.js';
import { OperatorsController } from './admin/operators.controller.js';
import { Operators } from './admin/operators.service.js';
import { AppKeys } from './app-keys.service.js';
import { Audit } from './audit.service.js';
import { Authenticator } from './authenticator.service.js';
import { Notifiers } from './notifiers.service.js';
import { OperatorLogins } from './operator-logins.service.js';
import { RateLimiter } from './rate-limiter.service.js';

const managing = [Apps, AppSecrets, Operators];
const deciding = [AppKeys, OperatorLogins, Notifiers, Authenticator, AccessStrategy, RateLimiter];

/**
 * Authentication, authorization and rate limits. Its guard is global: a route without an access decorator is refused.
 */
@Module({
  controllers: [AppsController, OperatorsController, AuditController],
  providers: [...deciding, ...managing, Audit, { provide: APP_GUARD, useClass: AccessGuard }],
  exports: [Audit, ...managing],
})
export class AccessModule {}
