import { Injectable } from '@nestjs/common';
import { DataSource, LessThan, QueryFailedError, type EntityManager } from 'typeorm';
import { SQLSTATE } from '../../database/database.js';
import { newUuid, publicId } from '../../common/ids.js';
import { Problem } from '../../common/problem.js';
import { Audit, type AuditActor } from '../audit.service.js';
import type { OperatorCaller, Role } from '../caller.js';
import { OperatorEntity } from '../entities.js';
import { OperatorLogins } from '../operator-logins.service.js';
import { hashPassword } from '../passwords.js';
import { errorCode } from '../../readers/error-code.js';

interface NewOperator {
  readonly username: string;
  readonly password: string;
  readonly role: Role;
}

/** Manages operators. At least one administrator always remains. */
@Injectable()
export class Operators {
  constructor(
    private readonly source: DataSource,
    private readonly audit: Audit,
    private readonly logins: OperatorLogins,
  ) {}

  /** @throws Problem `invalid_state` when the name is taken */
  async create({ username, password, role }: NewOperator, actor: AuditActor): Promise<OperatorEntity> {
    const passwordHash = await hashPassword(password);
    const operator = await this.source
      .transaction(async (manager) => {
        const made = manager.create(OperatorEntity, { id: newUuid(), username, passwordHash, role });
        await manager.insert(OperatorEntity, made);
        await this.audit.record(actor, 'operator.create', publicId('opr', made.id), { username, role }, manager);
        return made;
      })
      .catch((error: unknown) => {
        throw isTaken(error) ? new Problem('invalid_state', 'An operator with this name already exists.') : error;
      });
    this.logins.forget(username);
    return this.read(operator.id);
  }

  /** Newest first. */
  async list(limit: number, before: string | null): Promise<OperatorEntity[]> {
    return this.source.manager.find(OperatorEntity, {
      ...(before !== null && { where: { id: LessThan(before) } }),
      order: { id: 'DESC' },
      take: limit,
    });
  }

  async count(): Promise<number> {
    return this.source.manager.count(OperatorEntity);
  }

  /** @throws Problem `not_found` */
  async read(id: string | null): Promise<OperatorEntity> {
    const operator = id === null ? null : await this.source.manager.findOneBy(OperatorEntity, { id });
    if (!operator) throw Problem.notFound('operator');
    return operator;
  }

  /** @throws Problem `invalid_state` when it would leave no administrator */
  async update(
    id: string | null,
    { role, password }: { readonly role?: Role | undefined; readonly password?: string | undefined },
    actor: AuditActor,
  ): Promise<OperatorEntity> {
    const passwordHash = password === undefined ? undefined : await hashPassword(password);
    const changed = await this.source.transaction(async (manager) => {
      const admins = role !== undefined && role !== 'admin' ? await lockAdmins(manager) : null;
      const operator = await this.lock(id, manager);
      if (admins) requireAnotherAdmin(operator, admins);
      const changes = { ...(role && { role }), ...(passwordHash !== undefined && { passwordHash }) };
      await manager.save(manager.merge(OperatorEntity, operator, changes));
      const detail = { ...(role && { role }), passwordChanged: passwordHash !== undefined };
      await this.audit.record(actor, 'operator.update', publicId('opr', operator.id), detail, manager);
      return operator;
    });
    this.logins.forget(changed.username);
    return this.read(changed.id);
  }

  /** Changes the caller's own password. @throws Problem `invalid_state` when the current password is wrong */
  async changePassword(caller: OperatorCaller, current: string, password: string): Promise<void> {
    const proven = await this.logins.verify(caller.username, current, caller.address);
    if (!proven) throw new Problem('invalid_state', 'currentPassword is not your current password.');
    await this.update(caller.operatorId, { password }, caller);
  }

  /** @throws Problem `invalid_state` when it would leave no administrator */
  async remove(id: string | null, actor: AuditActor): Promise<void> {
    const removed = await this.source.transaction(async (manager) => {
      const admins = await lockAdmins(manager);
      const operator = await this.lock(id, manager);
      requireAnotherAdmin(operator, admins);
      await manager.delete(OperatorEntity, { id: operator.id });
      const detail = { username: operator.username };
      await this.audit.record(actor, 'operator.delete', publicId('opr', operator.id), detail, manager);
      return operator;
    });
    this.logins.forget(removed.username);
  }

  /** Reads the operator under a row lock: saving an operator who was removed meanwhile would restore them. */
  private async lock(id: string | null, manager: EntityManager): Promise<OperatorEntity> {
    const lock = { mode: 'pessimistic_write' as const };
    const operator = id === null ? null : await manager.findOne(OperatorEntity, { where: { id }, lock });
    if (!operator) throw Problem.notFound('operator');
    return operator;
  }
}

/**
 * Locks the administrators before any other row: otherwise two administrators who remove each other at the same time
 * could both succeed, or deadlock.
 */
function lockAdmins(manager: EntityManager): Promise<OperatorEntity[]> {
  return manager.find(OperatorEntity, {
    where: { role: 'admin' },
    order: { id: 'ASC' },
    lock: { mode: 'pessimistic_write' },
  });
}

function requireAnotherAdmin(operator: OperatorEntity, admins: readonly OperatorEntity[]): void {
  if (admins.some(({ id }) => id !== operator.id)) return;
  throw new Problem('invalid_state', 'This is the last administrator. Appoint another administrator first.');
}

function isTaken(error: unknown): boolean {
  return error instanceof QueryFailedError && errorCode(error.driverError) === SQLSTATE.uniqueViolation;
}
