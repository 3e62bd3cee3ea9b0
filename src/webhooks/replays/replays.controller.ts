import { applyDecorators, Body, Controller, Get, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiTags } from '@nestjs/swagger';
import { Caller, Partner, type AppCaller } from '../../access/index.js';
import { ApiProblems } from '../../api/openapi.js';
import { parseId, publicId } from '../../common/ids.js';
import { Reads } from '../../operations/http/openapi.decorators.js';
import { Endpoints } from '../endpoints/endpoints.service.js';
import { ReplayDto, ReplayRequestDto } from './replay.dto.js';
import type { Replay } from './replay.js';
import { Replays, type ReplayRequest } from './replays.service.js';

/** Events of the past, sent again or for the first time. */
@Controller('v1')
@ApiTags('Events')
@Partner('webhooks')
export class ReplaysController {
  constructor(
    private readonly endpoints: Endpoints,
    private readonly replays: Replays,
  ) {}

  /**
   * Send the events of a period to an endpoint, at most 100,000 at a time, also from before it was made. They keep
   * their ids and come after new events. An event that waits for its delivery is not queued twice. One replay of an
   * endpoint at a time.
   */
  @Post('webhook-endpoints/:id/replay')
  @Begins()
  async begin(@Param('id') id: string, @Body() dto: ReplayRequestDto, @Caller() caller: AppCaller): Promise<ReplayDto> {
    const endpoint = await this.endpoints.read(caller.appId, parseId('whep', id));
    return presentReplay(await this.replays.begin(caller, endpoint, toReplayRequest(dto)));
  }

  /** Get the progress of a replay. It is kept for 30 days after its end. */
  @Get('webhook-replays/:id')
  @Reads(ReplayDto)
  async read(@Param('id') id: string, @Caller() { appId }: AppCaller): Promise<ReplayDto> {
    return presentReplay(await this.replays.read(appId, parseId('rpl', id)));
  }
}

/** A route that begins a replay. */
export function Begins(): MethodDecorator {
  const accepted = ApiAcceptedResponse({ type: ReplayDto, description: 'It is running.' });
  const problems = ApiProblems('validation_failed', 'not_found', 'invalid_state');
  return applyDecorators(HttpCode(HttpStatus.ACCEPTED), accepted, problems);
}

export function toReplayRequest({ from, to, types, onlyMissing }: ReplayRequestDto): ReplayRequest {
  return { from: new Date(from), to: to === undefined ? null : new Date(to), types: types ?? null, onlyMissing };
}

export function presentReplay(replay: Replay): ReplayDto {
  const { status, types, onlyMissing, counted, queued } = replay;
  return {
    id: publicId('rpl', replay.id),
    endpointId: publicId('whep', replay.endpointId),
    status,
    from: replay.from.toISOString(),
    to: replay.to.toISOString(),
    types: [...types],
    onlyMissing,
    counted,
    queued,
    createdAt: replay.createdAt.toISOString(),
    completedAt: replay.completedAt?.toISOString() ?? null,
  };
}
