import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, LessThan, type EntityManager } from 'typeorm';
import { newUuid, publicId } from '../../common/ids.js';
import { Problem } from '../../common/problem.js';
import { Audit, type AuditActor } from '../audit.service.js';
import { ApiKeyEntity, AppEntity } from '../entities.js';
import { AppKeys } from '../app-keys.service.js';
import type { CreateAppDto, UpdateAppDto } from './apps.dto.js';

/** Manages partner apps. Every change and its audit line share one transaction. */
@Injectable()
export class Apps {
  constructor(
    private readonly source: DataSource,
    private readonly audit: Audit,
    private readonly keys: AppKeys,
  ) {}

  async create(dto: CreateAppDto, actor: AuditActor): Promise<AppEntity> {
    return this.source.transaction(async (manager) => {
      const app = await manager.save(
        manager.create(AppEntity, {
          id: newUuid(),
          name: dto.name,
          scopes: dto.scopes,
          productId: dto.productId ?? null,
          defaultHoldDays: dto.defaultHoldDays ?? null,
          rateLimitPerMinute: dto.rateLimitPerMinute ?? null,
          deletedAt: null,
        }),
      );
      await this.audit.record(
        actor,
        'app.create',
        publicId('app', app.id),
        { name: app.name, scopes: app.scopes },
        manager,
      );
      return app;
    });
  }

  /** Newest first. */
  async list(limit: number, before: string | null): Promise<AppEntity[]> {
    return this.source.manager.find(AppEntity, {
      where: { deletedAt: IsNull(), ...(before !== null && { id: LessThan(before) }) },
      order: { id: 'DESC' },
      take: limit,
    });
  }

  /** @throws Problem `not_found` */
  async read(id: string | null): Promise<AppEntity> {
    const app = id === null ? null : await this.source.manager.findOneBy(AppEntity, { id, deletedAt: IsNull() });
    if (!app) throw Problem.notFound('app');
    return app;
  }

  /** Reads the app under a row lock: saving an app that was removed meanwhile would restore it. */
  private async lock(id: string | null, manager: EntityManager): Promise<AppEntity> {
    const where = { id: id ?? '', deletedAt: IsNull() };
    const app = id === null ? null : await manager.findOne(AppEntity, { where, lock: { mode: 'pessimistic_write' } });
    if (!app) throw Problem.notFound('app');
    return app;
  }

  /** Also true for an app that was removed later. */
  async wasCreated(id: string | null): Promise<boolean> {
    return id !== null && (await this.source.manager.existsBy(AppEntity, { id }));
  }

  async update(id: string | null, dto: UpdateAppDto, actor: AuditActor): Promise<AppEntity> {
    const app = await this.source.transaction(async (manager) => {
      const found = await this.lock(id, manager);
      const changes = Object.fromEntries(Object.entries(dto).filter(([, value]) => value !== undefined));
      const changed = await manager.save(manager.merge(AppEntity, found, changes));
      await this.audit.record(actor, 'app.update', publicId('app', changed.id), changes, manager);
      return changed;
    });
    await this.forgetKeys(app.id);
    return app;
  }

  /** Revokes the app's keys too; its transactions stay. */
  async remove(id: string | null, actor: AuditActor): Promise<void> {
    const app = await this.source.transaction(async (manager) => {
      const found = await this.lock(id, manager);
      const now = new Date();
      await manager.update(AppEntity, { id: found.id }, { deletedAt: now });
      await manager.update(ApiKeyEntity, { appId: found.id, revokedAt: IsNull() }, { revokedAt: now });
      await this.audit.record(actor, 'app.delete', publicId('app', found.id), {}, manager);
      return found;
    });
    await this.forgetKeys(app.id);
  }

  private async forgetKeys(appId: string): Promise<void> {
    const keys = await this.source.manager.find(ApiKeyEntity, { where: { appId }, select: { id: true } });
    this.keys.forget(keys.map(({ id }) => id));
  }
}
