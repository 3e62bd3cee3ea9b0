import { Injectable } from '@nestjs/common';
import { AppVault } from '../../../crypto/app-vault.js';
import { newUuid, publicId } from '../../../common/ids.js';
import { Ledger } from '../../../ledger/ledger.service.js';
import { LedgerReader } from '../../../ledger/reads/ledger-reader.service.js';
import type { Transaction } from '../../../ledger/model/transaction.js';
import { openSecret, sealSecret } from '../../../operations/sealed-payload.js';
import { Problem } from '../../../common/problem.js';
import { readDateTime } from '../../../readers/date-time.js';
import type { AmendAccrualDto } from './accrual.dto.js';
import { releaseErrors } from './accruals.service.js';
import { amendedBody } from './accrual.mapping.js';

/** Changes and cancels accruals on hold. Once an accrual is released, both are refused. */
@Injectable()
export class HeldAccruals {
  constructor(
    private readonly ledger: Ledger,
    private readonly reader: LedgerReader,
    private readonly vault: AppVault,
  ) {}

  /** @throws Problem `invalid_state` when it is not on hold, `validation_failed` */
  async amend(transaction: Transaction, dto: AmendAccrualDto): Promise<Transaction> {
    const { quantity, releaseAt, detail } = assertHeld(transaction);
    const occurredAt = readDateTime(textOrNull(detail['occurredAt']) ?? '') ?? new Date(0);
    const errors = releaseErrors(dto.releaseAt, occurredAt);
    if (errors.length > 0) throw Problem.validation(errors);
    const points = dto.points ?? Number(quantity);
    const release = (dto.releaseAt === undefined ? null : readDateTime(dto.releaseAt)) ?? releaseAt;
    const description = dto.description ?? textOrNull(detail['description']);
    const cipher = await this.vault.of(transaction.appId);
    const secret = openSecret(cipher, transaction);
    const amended = await this.ledger.amend(transaction, {
      quantity: BigInt(points),
      releaseAt: release,
      detail: { ...detail, releaseAt: release.toISOString(), description },
      sealed: sealSecret(cipher, { ...secret, body: amendedBody(secret.body, { points, description }) }),
      metadata: dto.metadata ?? transaction.metadata,
      actor: publicId('app', transaction.appId),
      changed: Object.entries(dto).flatMap(([name, value]) => (value === undefined ? [] : [name])),
      eventId: newUuid(),
    });
    return this.after(transaction, amended);
  }

  /** If a cancel and a release meet, exactly one of them takes effect. @throws Problem `invalid_state` */
  async cancel(transaction: Transaction): Promise<Transaction> {
    assertHeld(transaction);
    const { moved } = await this.ledger.settle(transaction, {
      to: 'canceled',
      epoch: null,
      dueInMs: null,
      actor: publicId('app', transaction.appId),
      evidence: 'canceled by the app',
      eventId: newUuid(),
    });
    return this.after(transaction, moved);
  }

  private async after(transaction: Transaction, done: boolean): Promise<Transaction> {
    const current = await this.reader.require(transaction);
    if (!done) throw notHeld(current);
    return current;
  }
}

function assertHeld(transaction: Transaction): Transaction & { quantity: bigint; releaseAt: Date } {
  const { status, quantity, releaseAt } = transaction;
  if (status !== 'scheduled' || quantity === null || releaseAt === null) throw notHeld(transaction);
  return { ...transaction, quantity, releaseAt };
}

function notHeld({ status }: Transaction): Problem {
  const why = status === 'scheduled' ? 'it was changed or released at the same time; read it again' : `it is ${status}`;
  return new Problem('invalid_state', `Only an accrual on hold can be changed or canceled: ${why}.`);
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
