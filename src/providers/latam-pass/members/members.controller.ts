import { Body, Controller, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Partner } from '../../../access/index.js';
import { AsksProvider } from '../../../operations/http/openapi.decorators.js';
import { MemberSearch } from './member-search.service.js';
import { SEARCH_EXAMPLE, SearchMemberDto } from './member-search.dto.js';

/** LATAM Pass members. */
@Controller('v1/members')
@ApiTags('Members')
@Partner('members')
export class MembersController {
  constructor(private readonly members: MemberSearch) {}

  /** Look up a member. Returns LATAM Pass's JSON; nothing is stored. 404 when the member does not exist. */
  @Post('search')
  @AsksProvider({ body: SearchMemberDto, example: SEARCH_EXAMPLE }, 'not_found')
  search(@Body() dto: SearchMemberDto, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.type('application/json; charset=utf-8');
    return this.members.search(dto);
  }
}
