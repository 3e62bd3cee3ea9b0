import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { publicId } from '../../common/ids.js';
import { postCorrection } from '../../ledger/writes/correct.js';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import type { JsonObject, Transaction } from '../../ledger/model/transaction.js';
import { ManualResolution } from '../../operations/resolution/manual-resolution.service.js';
import { Problem } from '../../common/problem.js';
import { filterValues, FILTER, type BreakFilter } from './break-filter.js';
import { differenceOf } from './break-difference.js';
import type { ProviderRecord } from '../statements/matching/provider-record.js';
import { movesMoney, type BreakClass, type ResolutionKind } from './break-classes.js';

export interface BreakResolution {
  readonly resolution: ResolutionKind;
  readonly reason: string;
}

/** A resolution that a second operator must approve. */
type Proposed = BreakResolution & { readonly by: string; readonly at: string };

export interface Break {
  readonly id: string;
  readonly class: BreakClass;
  readonly provider: string;
  readonly transactionId: string | null;
  readonly runId: string | null;
  readonly amount: string | null;
  readonly unit: string | null;
  readonly detail: JsonObject;
  readonly providerRecord: ProviderRecord | null;
  readonly status: 'open' | 'resolved';
  readonly proposed: Proposed | null;
  readonly resolution: string | null;
  readonly reason: string | null;
  readonly resolvedBy: string | null;
  readonly createdAt: Date;
  readonly resolvedAt: Date | null;
}

const COLUMNS = `b.id, b.class, b.provider, b.transaction_id as "transactionId", b.run_id as "runId", b.amount::text,
  b.unit, b.detail, b.provider_record as "providerRecord", b.status, b.proposed, b.resolution, b.reason,
  b.resolved_by as "resolvedBy", b.created_at as "createdAt", b.resolved_at as "resolvedAt"`;

const CLOSE = `
update breaks set status = 'resolved', resolution = $2, reason = $3, resolved_by = $4, proposed = null,
  resolved_at = now(), updated_at = now() where id = $1 and status = 'open'`;

const CHANGED = 'Another operator has just changed this break. Reload it.';

/** Finds breaks, and applies the resolutions of operators. */
@Injectable()
export class Breaks {
  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly reader: LedgerReader,
    private readonly resolution: ManualResolution,
  ) {}

  /** Newest first. */
  async list(filter: BreakFilter, limit: number, before: string | null): Promise<Break[]> {
    return this.database.query<Break>(
      `select ${COLUMNS} from breaks b where ${FILTER} and ($9::uuid is null or b.id < $9) order by b.id desc limit $10`,
      [...filterValues(filter), before, limit],
    );
  }

  /** @throws Problem `not_found` */
  async find(id: string | null): Promise<Break> {
    const [found] = await this.database.query<Break>(`select ${COLUMNS} from breaks b where b.id = $1`, [id]);
    if (!found) throw Problem.notFound('break');
    return found;
  }

  /**
   * Resolves a break. If the resolution moves money and a second operator is required, it only proposes it and returns
   * true.
   * @throws Problem `invalid_state`; `validation_failed` when the resolution does not fit the break
   */
  async resolve(found: Break, { resolution, reason }: BreakResolution, by: string): Promise<boolean> {
    assertOpen(found);
    if (found.proposed) throw new Problem('invalid_state', 'A resolution is already proposed. Approve or reject it.');
    if (!movesMoney(resolution) || !this.config.requireSecondOperator) {
      await this.apply(found, { resolution, reason }, by);
      return false;
    }
    // An impossible correction is refused now, not at the approval.
    if (resolution === 'correct') differenceOf(found, await this.transactionOf(found));
    const rows = await this.database.query(
      `update breaks set proposed = $2, updated_at = now() where id = $1 and status = 'open' and proposed is null
       returning 1 as proposed`,
      [found.id, { resolution, reason, by, at: new Date().toISOString() }],
    );
    if (rows.length === 0) throw new Problem('invalid_state', CHANGED);
    return true;
  }

  /** @throws Problem `forbidden` for its author, `invalid_state` when nothing is proposed */
  async approve(found: Break, by: string): Promise<void> {
    const proposed = proposalOf(found);
    if (proposed.by === by) throw new Problem('forbidden', 'A different operator must approve the proposal.');
    await this.withdrawProposal(found, proposed);
    await this.apply(found, proposed, `${proposed.by}, ${by}`);
  }

  /** @throws Problem `invalid_state` when nothing is proposed */
  async reject(found: Break): Promise<void> {
    await this.withdrawProposal(found, proposalOf(found));
  }

  /** Removes the proposal. Only one decision counts, and only on the proposal that the operator has seen. */
  private async withdrawProposal({ id }: Break, proposed: Proposed): Promise<void> {
    const rows = await this.database.query(
      `update breaks set proposed = null, updated_at = now() where id = $1 and status = 'open' and proposed = $2
       returning 1 as taken`,
      [id, proposed],
    );
    if (rows.length === 0) throw new Problem('invalid_state', 'Another operator has just decided on this proposal.');
  }

  /**
   * Closes all open breaks that match the filter, with the resolution `explained`, in one statement. Returns their
   * number.
   */
  async explainAll(filter: BreakFilter, reason: string, by: string): Promise<number> {
    const rows = await this.database.query<{ count: number }>(
      `with closed as (
         update breaks b set status = 'resolved', resolution = 'explained', reason = $9, resolved_by = $10,
           resolved_at = now(), updated_at = now()
         where ${FILTER} and b.status = 'open' and b.proposed is null returning 1)
       select count(*)::int as count from closed`,
      [...filterValues(filter), reason, by],
    );
    return rows[0]?.count ?? 0;
  }

  private async apply(found: Break, { resolution, reason }: BreakResolution, by: string): Promise<void> {
    if (resolution === 'correct') return this.correct(found, reason, by);
    if (resolution !== 'explained') {
      const evidence = `break ${publicId('brk', found.id)}`;
      await this.resolution.resolve(await this.transactionOf(found), { outcome: resolution, evidence, reason }, by);
    }
    const closed = await this.database.query(`${CLOSE} returning 1 as closed`, [found.id, resolution, reason, by]);
    if (closed.length === 0) throw new Problem('invalid_state', CHANGED);
  }

  /** Posts the correction and closes the break in one commit, so that it is posted only once. */
  private async correct(found: Break, reason: string, by: string): Promise<void> {
    const transaction = await this.transactionOf(found);
    const difference = differenceOf(found, transaction);
    await this.database.transaction(async (client) => {
      const closed = await client.query(CLOSE, [found.id, 'correct', reason, by]);
      if (closed.rowCount === 0) throw new Problem('invalid_state', CHANGED);
      const detail = { breakId: publicId('brk', found.id) };
      await postCorrection(client, transaction, { difference, actor: by, reason, detail });
    });
  }

  private async transactionOf({ transactionId }: Break): Promise<Transaction> {
    const transaction = transactionId === null ? null : await this.reader.find(transactionId, null);
    if (!transaction) throw Problem.invalid('/resolution', 'must be explained: the break has no transaction');
    return transaction;
  }
}

function assertOpen({ status }: Break): void {
  if (status !== 'open') throw new Problem('invalid_state', 'The break is already resolved.');
}

function proposalOf(found: Break): Proposed {
  assertOpen(found);
  if (!found.proposed) throw new Problem('invalid_state', 'No resolution is proposed for this break.');
  return found.proposed;
}
