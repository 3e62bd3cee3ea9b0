import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { PageQueryDto, page } from '../../api/pagination.js';
import { parseId, publicId } from '../../common/ids.js';
import type { OperatorCaller } from '../caller.js';
import { Caller } from '../decorators.js';
import type { ApiKeyEntity, AppEntity } from '../entities.js';
import { AppSecrets, type NewKey } from './app-secrets.service.js';
import { Administers, Inspects } from './admin-routes.js';
import {
  AppDto,
  AppPageDto,
  CreateAppDto,
  CreateKeyDto,
  KeyPageDto,
  NewKeyDto,
  RotatedKeyDto,
  RotateKeyDto,
  UpdateAppDto,
  type KeyDto,
} from './apps.dto.js';
import { Apps } from './apps.service.js';

/** Partner apps and their keys. */
@Controller('v1/admin/apps')
@ApiTags('Administration')
export class AppsController {
  constructor(
    private readonly apps: Apps,
    private readonly secrets: AppSecrets,
  ) {}

  /** Register a partner app. */
  @Post()
  @Administers({ created: AppDto })
  async create(@Body() dto: CreateAppDto, @Caller() caller: OperatorCaller): Promise<AppDto> {
    return presentApp(await this.apps.create(dto, caller));
  }

  /** List partner apps, newest first. */
  @Get()
  @Inspects(AppPageDto)
  async list(@Query() query: PageQueryDto): Promise<AppPageDto> {
    const found = await this.apps.list(query.limit + 1, query.before);
    const { data, nextCursor } = page(found, query.limit, ({ id }) => id);
    return { data: data.map(presentApp), nextCursor };
  }

  /** Get one partner app. */
  @Get(':id')
  @Inspects(AppDto)
  async read(@Param('id') id: string): Promise<AppDto> {
    return presentApp(await this.apps.read(parseId('app', id)));
  }

  /** Change a partner app; takes effect within 5 s. Omitted members keep their values; `null` removes a value. */
  @Patch(':id')
  @Administers({ ok: AppDto })
  async update(@Param('id') id: string, @Body() dto: UpdateAppDto, @Caller() caller: OperatorCaller): Promise<AppDto> {
    return presentApp(await this.apps.update(parseId('app', id), dto, caller));
  }

  /** Remove a partner app and revoke its keys. Its transactions are kept. */
  @Delete(':id')
  @Administers({})
  async remove(@Param('id') id: string, @Caller() caller: OperatorCaller): Promise<void> {
    await this.apps.remove(parseId('app', id), caller);
  }

  /** Create a key. Its secret is returned once and never shown again. */
  @Post(':id/keys')
  @Administers({ created: NewKeyDto })
  async createKey(
    @Param('id') id: string,
    @Body() _dto: CreateKeyDto,
    @Caller() caller: OperatorCaller,
  ): Promise<NewKeyDto> {
    return presentNewKey(await this.secrets.create(await this.app(id), caller));
  }

  /** List an app's keys, newest first, without their secrets. */
  @Get(':id/keys')
  @Inspects(KeyPageDto)
  async listKeys(@Param('id') id: string, @Query() query: PageQueryDto): Promise<KeyPageDto> {
    const found = await this.secrets.list(await this.app(id), query.limit + 1, query.before);
    const { data, nextCursor } = page(found, query.limit, (key) => key.id);
    return { data: data.map(presentKey), nextCursor };
  }

  /** Rotate a key: a new key is created, and the old one stays valid for a grace period. */
  @Post(':id/keys/:keyId/rotate')
  @Administers({ created: RotatedKeyDto })
  async rotateKey(
    @Param('id') id: string,
    @Param('keyId') keyId: string,
    @Body() dto: RotateKeyDto,
    @Caller() caller: OperatorCaller,
  ): Promise<RotatedKeyDto> {
    const rotated = await this.secrets.rotate(await this.app(id), parseId('key', keyId), dto.graceSeconds, caller);
    return { ...presentNewKey(rotated), replaced: presentKey(rotated.replaced) };
  }

  /** Revoke a key. Every instance rejects it within 5 s. */
  @Delete(':id/keys/:keyId')
  @Administers({})
  async revokeKey(
    @Param('id') id: string,
    @Param('keyId') keyId: string,
    @Caller() caller: OperatorCaller,
  ): Promise<void> {
    await this.secrets.revoke(await this.app(id), parseId('key', keyId), caller);
  }

  private app(id: string): Promise<AppEntity> {
    return this.apps.read(parseId('app', id));
  }
}

function presentApp(app: AppEntity): AppDto {
  const { name, scopes, productId, defaultHoldDays, rateLimitPerMinute } = app;
  return {
    id: publicId('app', app.id),
    name,
    scopes,
    productId,
    defaultHoldDays,
    rateLimitPerMinute,
    createdAt: app.createdAt.toISOString(),
    updatedAt: app.updatedAt.toISOString(),
  };
}

function presentNewKey({ key, secret }: NewKey): NewKeyDto {
  return { keyId: publicId('key', key.id), secret, createdAt: key.createdAt.toISOString() };
}

function presentKey(key: ApiKeyEntity): KeyDto {
  return {
    keyId: publicId('key', key.id),
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
  };
}
