import { applyDecorators, Body, Controller, HttpCode, HttpStatus, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiParam } from '@nestjs/swagger';
import { Caller, Notifier, type NotifierCaller } from '../access/index.js';
import { NOTIFYING_PROVIDERS } from '../providers/declared.js';
import { ApiProblems } from '../api/openapi.js';
import { RawBody } from '../api/raw-body.js';
import { NotificationReceiver } from './notification-receiver.service.js';

const MAX_BODY_BYTES = 64 * 1024;

export class ReceivedDto {
  /** @example true */
  received!: boolean;
}

/** Providers report the results of operations here. */
@Controller('v1/providers')
@Notifier()
export class NotificationsController {
  constructor(private readonly receiver: NotificationReceiver) {}

  /** Receive the result of an operation from a provider. Acknowledged when it is stored durably; applied afterwards. */
  @Post(':provider/notifications')
  @TakesNotification()
  async receive(@Caller() { provider }: NotifierCaller, @Body() raw: Buffer | undefined): Promise<ReceivedDto> {
    await this.receiver.receive(provider, raw ?? Buffer.alloc(0));
    return { received: true };
  }
}

function TakesNotification(): MethodDecorator {
  return applyDecorators(
    HttpCode(HttpStatus.OK),
    RawBody(MAX_BODY_BYTES),
    ApiParam({ name: 'provider', enum: NOTIFYING_PROVIDERS }),
    ApiBody({
      schema: { type: 'object', additionalProperties: true },
      description: 'Stored unchanged, at most 64 KiB.',
    }),
    ApiOkResponse({ type: ReceivedDto }),
    ApiProblems('not_found', 'payload_too_large', 'overloaded'),
  );
}
