import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Caller, Partner, type AppCaller } from '../../access/index.js';
import { HungUp } from '../../api/hung-up.js';
import { WaitFor } from '../../api/prefer.js';
import { parseId, publicId } from '../../common/ids.js';
import { Problem } from '../../common/problem.js';
import { Reads } from '../../operations/http/openapi.decorators.js';
import { EventFeed, type Position } from './event-feed.service.js';
import { EventDto, EventPageDto, EventQueryDto, EventTypesDto, type EventTypeDto } from './event.dto.js';
import { schemaOf, standalone } from './event-schema.js';
import { ALL_TYPES, DEFAULT_TYPES, EVENT_TYPES } from './event-types.js';
import { schemaOfGatewayEvent } from './gateway-event-schema.js';
import { ENDPOINT_DISABLED, ENDPOINT_DISABLED_TEXT } from './gateway-event-types.js';
import { publish } from './published-event.js';

const ABOUT_DISABLED: EventTypeDto = {
  type: ENDPOINT_DISABLED,
  description: ENDPOINT_DISABLED_TEXT,
  isDefault: true,
  schema: standalone(schemaOfGatewayEvent(ENDPOINT_DISABLED)),
};

/** The app's events: every change of its transactions, in an order that never changes. */
@Controller('v1')
@ApiTags('Events')
@Partner('webhooks')
export class EventsController {
  constructor(private readonly feed: EventFeed) {}

  /**
   * Read the feed of events, oldest first. An event appears about a second after the change, and never before an
   * earlier one: a reader that passes `nextAfter` on misses nothing. With `Prefer: wait=N` an empty page waits for the
   * next event, at most N seconds. An app can have ten waiting requests at an instance; an eleventh is answered at once,
   * without `Preference-Applied`.
   */
  @Get('events')
  @ApiQuery({
    ...{ name: 'types', required: false, enum: ALL_TYPES, isArray: true, style: 'form', explode: false },
    description: 'Only these types, separated by commas. Omitted: all.',
    example: DEFAULT_TYPES,
  })
  @Reads(EventPageDto)
  async list(
    @Query() { after, types, limit }: EventQueryDto,
    @Caller() { appId }: AppCaller,
    @WaitFor(0) waitMs: number,
    @HungUp() hungUp: AbortSignal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EventPageDto> {
    const request = { appId, after: await this.position(appId, after), types: types ?? null, limit };
    const { rows, reached, goesOn, mayWait } = await this.feed.waitForPage(request, waitMs, hungUp);
    if (waitMs > 0 && !mayWait) void reply.removeHeader('Preference-Applied');
    return { data: rows.map(publish), nextAfter: reached && publicId('evt', reached.id), hasMore: goesOn };
  }

  /** Get one event. Its content never changes. */
  @Get('events/:id')
  @Reads(EventDto)
  async read(@Param('id') id: string, @Caller() { appId }: AppCaller): Promise<EventDto> {
    const uuid = parseId('evt', id);
    const found = uuid === null ? null : await this.feed.find(appId, uuid);
    if (!found) throw Problem.notFound('event');
    return publish(found);
  }

  /** List the types of events, with their JSON schemas. */
  @Get('event-types')
  @Reads(EventTypesDto)
  types(): EventTypesDto {
    const data = ALL_TYPES.map((type) => ({
      type,
      description: EVENT_TYPES[type],
      isDefault: DEFAULT_TYPES.includes(type),
      schema: standalone(schemaOf(type)),
    }));
    return { data: [...data, ABOUT_DISABLED] };
  }

  /** @throws Problem `validation_failed` for an event that is not the app's: it has no place in its feed */
  private async position(appId: string, after: string | undefined): Promise<Position | null> {
    if (after === undefined) return null;
    const uuid = parseId('evt', after);
    const found = uuid === null ? null : await this.feed.position(appId, uuid);
    if (!found) throw Problem.invalid('?after', 'must be the id of one of your events');
    return found;
  }
}
