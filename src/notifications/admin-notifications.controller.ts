import { applyDecorators, Controller, Get, HttpCode, HttpStatus, Param, Post, Query } from '@nestjs/common';
import {
  assertMayReadPersonal,
  Audit,
  Caller,
  mayReadBlocked,
  Operator,
  type OperatorCaller,
} from '../access/index.js';
import { page } from '../api/pagination.js';
import { parseId, publicId } from '../common/ids.js';
import { Reads } from '../operations/http/openapi.decorators.js';
import { Problem } from '../common/problem.js';
import { NotificationApplier } from './notification-applier.service.js';
import { Inbox } from './inbox.service.js';
import type { KeptNotification } from './notification.js';
import { NotificationDto, NotificationPageDto, NotificationQueryDto } from './notification.dto.js';

/** Notifications from providers, unchanged. */
@Controller('v1/admin/notifications')
export class AdminNotificationsController {
  constructor(
    private readonly inbox: Inbox,
    private readonly applier: NotificationApplier,
    private readonly audit: Audit,
  ) {}

  /** List inbound notifications, newest first. */
  @Get()
  @Operator('viewer')
  @Reads(NotificationPageDto)
  async list(@Query() query: NotificationQueryDto, @Caller() caller: OperatorCaller): Promise<NotificationPageDto> {
    const wantsRaw = query.expand === 'personal';
    if (wantsRaw) assertMayReadPersonal(caller);
    const found = await this.inbox.list(query.state ?? null, { limit: query.limit + 1, before: query.before });
    const { data, nextCursor } = page(found, query.limit, (one) => one.id);
    if (wantsRaw) {
      const ids = data.map((one) => publicId('ntf', one.id));
      await this.audit.record(caller, 'notification.read_personal', null, { ids });
    }
    const maySee = (one: KeptNotification): boolean => wantsRaw && (!one.isBlocked || mayReadBlocked(caller));
    return { data: data.map((one) => this.present(one, maySee(one))), nextCursor };
  }

  /** Apply a notification again, e.g. an orphan whose transaction is known now. */
  @Post(':id/replay')
  @Operator('operator')
  @Replays()
  async replay(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<NotificationDto> {
    const uuid = parseId('ntf', id);
    const claimed = uuid === null ? null : await this.inbox.claimOne(uuid);
    if (!claimed) throw Problem.notFound('notification');
    await this.audit.record(caller, 'notification.replay', id);
    await this.applier.apply(claimed);
    const current = await this.inbox.find(claimed.id);
    if (!current) throw Problem.notFound('notification: its transaction was erased');
    return this.present(current, false);
  }

  private present(one: KeptNotification, withRaw: boolean): NotificationDto {
    const { provider, state, correlationId, transactionId, attempts } = one;
    return {
      id: publicId('ntf', one.id),
      provider,
      receivedAt: one.receivedAt.toISOString(),
      state,
      correlationId,
      transactionId: transactionId === null ? null : publicId('txn', transactionId),
      attempts,
      appliedAt: one.appliedAt?.toISOString() ?? null,
      ...(withRaw && { raw: this.inbox.read(one.sealed) }),
    };
  }
}

function Replays(): MethodDecorator {
  return applyDecorators(HttpCode(HttpStatus.OK), Reads(NotificationDto));
}
