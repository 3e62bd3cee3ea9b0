import { Module } from '@nestjs/common';
import { AccessModule } from '../access/index.js';
import { OperationsModule } from '../operations/operations.module.js';
import { AdminNotificationsController } from './admin-notifications.controller.js';
import { NotificationApplier } from './notification-applier.service.js';
import { Inbox } from './inbox.service.js';
import { NotificationsController } from './notifications.controller.js';

/** What providers tell us by themselves: authenticate, store raw, answer; applied afterwards. */
@Module({
  imports: [AccessModule, OperationsModule],
  controllers: [NotificationsController, AdminNotificationsController],
  providers: [Inbox, NotificationApplier],
})
export class NotificationsModule {}
