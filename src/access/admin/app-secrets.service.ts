import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, LessThan, type EntityManager } from 'typeorm';
import { newUuid, publicId } from '../../common/ids.js';
import { Problem } from '../../common/problem.js';
import { Vault } from '../../crypto/gateway-vault.js';
import { newApiSecret } from '../api-secret.js';
import { AppKeys } from '../app-keys.service.js';
import { Audit, type AuditActor } from '../audit.service.js';
import { ApiKeyEntity, AppEntity } from '../entities.js';

const DEFAULT_GRACE_SECONDS = 86_400;

/** A key and its secret, which cannot be shown again. */
export interface NewKey {
  readonly key: ApiKeyEntity;
  readonly secret: string;
}

/** Creates, rotates and revokes the credentials of apps. */
@Injectable()
export class AppSecrets {
  constructor(
    private readonly source: DataSource,
    private readonly audit: Audit,
    private readonly keys: AppKeys,
    private readonly vault: Vault,
  ) {}

  async create(app: AppEntity, actor: AuditActor): Promise<NewKey> {
    return this.source.transaction(async (manager) => {
      await this.keepApp(app, manager);
      const made = await this.insert(app.id, manager);
      await this.audit.record(
        actor,
        'key.create',
        publicId('key', made.key.id),
        { appId: publicId('app', app.id) },
        manager,
      );
      return made;
    });
  }

  /** Newest first. */
  async list(app: AppEntity, limit: number, before: string | null): Promise<ApiKeyEntity[]> {
    return this.source.manager.find(ApiKeyEntity, {
      where: { appId: app.id, ...(before !== null && { id: LessThan(before) }) },
      order: { id: 'DESC' },
      take: limit,
    });
  }

  /**
   * Creates a new key. The old key expires after `graceSeconds` (default: one day), or at its earlier expiry.
   * @throws Problem `not_found`; `invalid_state` for a key that is no longer valid
   */
  async rotate(
    app: AppEntity,
    keyId: string | null,
    graceSeconds = DEFAULT_GRACE_SECONDS,
    actor: AuditActor,
  ): Promise<NewKey & { replaced: ApiKeyEntity }> {
    const rotated = await this.source.transaction(async (manager) => {
      const old = await this.lock(app, keyId, manager);
      const endsAt = new Date(Date.now() + graceSeconds * 1_000);
      if (old.revokedAt || (old.expiresAt && old.expiresAt <= new Date())) {
        throw new Problem('invalid_state', 'The key is no longer valid. Create a new key instead.');
      }
      if (!old.expiresAt || old.expiresAt > endsAt) old.expiresAt = endsAt;
      await manager.update(ApiKeyEntity, { id: old.id }, { expiresAt: old.expiresAt });
      const made = await this.insert(app.id, manager);
      const detail = { appId: publicId('app', app.id), newKeyId: publicId('key', made.key.id), graceSeconds };
      await this.audit.record(actor, 'key.rotate', publicId('key', old.id), detail, manager);
      return { ...made, replaced: old };
    });
    this.keys.forget([rotated.replaced.id]);
    return rotated;
  }

  /** Takes effect at once on this instance, and within 5 s on the others. Repeating it changes nothing. */
  async revoke(app: AppEntity, keyId: string | null, actor: AuditActor): Promise<void> {
    const revoked = await this.source.transaction(async (manager) => {
      const key = await this.lock(app, keyId, manager);
      if (key.revokedAt) return key;
      await manager.update(ApiKeyEntity, { id: key.id }, { revokedAt: new Date() });
      await this.audit.record(
        actor,
        'key.revoke',
        publicId('key', key.id),
        { appId: publicId('app', app.id) },
        manager,
      );
      return key;
    });
    this.keys.forget([revoked.id]);
  }

  private async insert(appId: string, manager: EntityManager): Promise<NewKey> {
    const secret = newApiSecret();
    const key = manager.create(ApiKeyEntity, {
      id: newUuid(),
      appId,
      secretMac: this.vault.mac('api-secret', secret),
      expiresAt: null,
      revokedAt: null,
    });
    return { key: await manager.save(key), secret };
  }

  /**
   * Keeps the app from being removed until the commit. It comes before the lock of a key: removing an app locks the app and
   * then its keys, and inserting a key locks the app. @throws Problem `not_found`
   */
  private async keepApp({ id }: AppEntity, manager: EntityManager): Promise<void> {
    const where = { id, deletedAt: IsNull() };
    const app = await manager.findOne(AppEntity, { select: { id: true }, where, lock: { mode: 'pessimistic_read' } });
    if (!app) throw Problem.notFound('app');
  }

  private async lock(app: AppEntity, id: string | null, manager: EntityManager): Promise<ApiKeyEntity> {
    await this.keepApp(app, manager);
    const where = { id: id ?? '', appId: app.id };
    const key =
      id === null ? null : await manager.findOne(ApiKeyEntity, { where, lock: { mode: 'pessimistic_write' } });
    if (!key) throw Problem.notFound('key');
    return key;
  }
}
