import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { OperationsModule } from '../operations/operations.module.js';
import { AdminNotificationsController } from './admin-notifications.controller.js';
import { DueNotificationsJob } from './due-notifications.job.js';
import { Inbox } from './inbox.service.js';
import { NotificationApplier } from './notification-applier.service.js';
import { NotificationReceiver } from './notification-receiver.service.js';
import { NotificationsController } from './notifications.controller.js';
import { TransactionMatcher } from './transaction-matcher.service.js';

/** Inbound notifications of providers: authenticated, stored raw, acknowledged, and applied afterwards. */
@Module({
  imports: [AccessModule, OperationsModule],
  controllers: [NotificationsController, AdminNotificationsController],
  providers: [DueNotificationsJob, Inbox, NotificationApplier, NotificationReceiver, TransactionMatcher],
})
export class NotificationsModule {}
