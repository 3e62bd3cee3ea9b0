import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../api/openapi.js';
import { PageQueryDto, page } from '../../api/pagination.js';
import { parseId, publicId } from '../../common/ids.js';
import type { OperatorCaller } from '../caller.js';
import { Caller, Operator } from '../decorators.js';
import type { OperatorEntity } from '../entities.js';
import { Administers, Inspects } from './admin-routes.js';
import {
  ChangePasswordDto,
  CreateOperatorDto,
  OperatorDto,
  OperatorPageDto,
  UpdateOperatorDto,
} from './operators.dto.js';
import { Operators } from './operators.service.js';

/** Operators: the people who operate the gateway. */
@Controller('v1/admin/operators')
@ApiTags('Administration')
export class OperatorsController {
  constructor(private readonly operators: Operators) {}

  /** Create an operator. */
  @Post()
  @Administers({ created: OperatorDto })
  async create(@Body() dto: CreateOperatorDto, @Caller() caller: OperatorCaller): Promise<OperatorDto> {
    return present(await this.operators.create(dto, caller));
  }

  /** List operators, newest first. */
  @Get()
  @Inspects(OperatorPageDto)
  async list(@Query() query: PageQueryDto): Promise<OperatorPageDto> {
    const found = await this.operators.list(query.limit + 1, query.before);
    const { data, nextCursor } = page(found, query.limit, ({ id }) => id);
    return { data: data.map(present), nextCursor };
  }

  /** Get one operator. */
  @Get(':id')
  @Inspects(OperatorDto)
  async read(@Param('id') id: string): Promise<OperatorDto> {
    return present(await this.operators.read(parseId('opr', id)));
  }

  /** Change an operator's role or password. The last administrator cannot be demoted. */
  @Patch(':id')
  @Administers({ ok: OperatorDto })
  async update(
    @Param('id') id: string,
    @Body() dto: UpdateOperatorDto,
    @Caller() caller: OperatorCaller,
  ): Promise<OperatorDto> {
    return present(await this.operators.update(parseId('opr', id), dto, caller));
  }

  /** Remove an operator. The last administrator cannot be removed. */
  @Delete(':id')
  @Administers({})
  async remove(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<void> {
    await this.operators.remove(parseId('opr', id), caller);
  }

  /** Change your own password. */
  @Post('me/password')
  @ChangesOwnPassword()
  async changePassword(@Body() dto: ChangePasswordDto, @Caller() caller: OperatorCaller): Promise<void> {
    await this.operators.changePassword(caller, dto.currentPassword, dto.newPassword);
  }
}

function ChangesOwnPassword(): MethodDecorator {
  return (target, key, descriptor) => {
    Operator('viewer')(target, key, descriptor);
    HttpCode(HttpStatus.NO_CONTENT)(target, key, descriptor);
    ApiNoContentResponse({ description: 'Done.' })(target, key, descriptor);
    ApiProblems(
      'validation_failed',
      'invalid_state',
      'payload_too_large',
      'unsupported_media_type',
    )(target, key, descriptor);
  };
}

function present({ id, username, role, createdAt, updatedAt }: OperatorEntity): OperatorDto {
  return {
    id: publicId('opr', id),
    username,
    role,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
