import { applyDecorators, Body, Controller, HttpCode, HttpStatus, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse } from '@nestjs/swagger';
import { Notifier } from '../access/index.js';
import { ApiProblems } from '../api/openapi.js';
import { RawBody } from '../api/raw-body.js';
import { NotificationReceiver } from './notification-receiver.service.js';

const MAX_BODY_BYTES = 64 * 1024;

export class ReceivedDto {
  /** @example true */
  received!: boolean;
}

/** Where providers tell us how things ended. */
@Controller('v1/providers')
@Notifier()
export class NotificationsController {
  constructor(private readonly receiver: NotificationReceiver) {}

  /** Receive the result of an accrual from LATAM Pass. Acknowledged when it is stored durably; applied afterwards. */
  @Post('latam-pass/notifications')
  @TakesNotification()
  async receive(@Body() raw: Buffer | undefined): Promise<ReceivedDto> {
    await this.receiver.receive('latam-pass', raw ?? Buffer.alloc(0));
    return { received: true };
  }
}

function TakesNotification(): MethodDecorator {
  return applyDecorators(
    HttpCode(HttpStatus.OK),
    RawBody(MAX_BODY_BYTES),
    ApiBody({
      schema: { type: 'object', additionalProperties: true },
      description: 'Stored unchanged, at most 64 KiB.',
    }),
    ApiOkResponse({ type: ReceivedDto }),
    ApiProblems('payload_too_large', 'overloaded'),
  );
}
