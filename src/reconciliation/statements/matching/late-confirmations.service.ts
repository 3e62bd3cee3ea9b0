import { Injectable } from '@nestjs/common';
import { Database } from '../../../database/database.js';
import { newUuid, publicId } from '../../../common/ids.js';
import { Ledger } from '../../../ledger/ledger.service.js';
import { isFinal } from '../../../ledger/model/status-transitions.js';
import { LedgerReader } from '../../../ledger/reads/ledger-reader.service.js';
import type { Failure, JsonObject, Transaction } from '../../../ledger/model/transaction.js';
import type { Run } from '../../runs/runs.service.js';

const BATCH_SIZE = 100;

interface Confirmation {
  readonly breakId: string;
  readonly transactionId: string;
  readonly succeeded: boolean;
  readonly line: number;
  readonly record: JsonObject;
  readonly providerReference: string | null;
}

const OPEN = `
select id as "breakId", transaction_id as "transactionId", (provider_record->>'succeeded')::boolean as succeeded,
  (provider_record->>'line')::integer as line, provider_record as record,
  provider_record->>'providerReference' as "providerReference"
from breaks
where run_id = $1 and class = 'late_confirmation' and status = 'open' and ($2::uuid is null or id > $2)
order by id limit $3`;

const CLOSE = `
update breaks set status = 'resolved', resolution = 'confirmed', reason = $2, resolved_by = 'gateway',
  resolved_at = now(), updated_at = now() where id = $1 and status = 'open'`;

/** The transaction has become final with the opposite result: this is a conflict that an operator must resolve. */
const CONFLICT = `
update breaks set class = 'status_conflict', detail = detail || jsonb_build_object('is', $2::text), updated_at = now()
where id = $1 and status = 'open' and not exists (
  select from breaks other
  where other.class = 'status_conflict' and other.transaction_id = breaks.transaction_id
    and other.record_key is not distinct from breaks.record_key
    and other.difference is not distinct from breaks.difference)`;

const NOT_EXECUTED: Failure = {
  code: 'refused_by_provider',
  message: "According to the provider's statement, the operation was not executed.",
  instructions: 'Send a new request if it is still needed.',
  category: 'provider',
  provider: null,
  retryable: true,
};

/** Settles unknown and processing transactions with statement lines: a line is evidence. */
@Injectable()
export class Confirmations {
  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly reader: LedgerReader,
  ) {}

  /** Settles a batch. Returns the id of its last break, or null when there are no more. */
  async settleSome(run: Run, after: string | null): Promise<string | null> {
    const open = await this.database.query<Confirmation>(OPEN, [run.id, after, BATCH_SIZE]);
    const transactions = await this.reader.findMany(open.map((confirmation) => confirmation.transactionId));
    const byId = new Map(transactions.map((transaction) => [transaction.id, transaction]));
    await Promise.all(
      open.map(async (confirmation) => {
        const transaction = byId.get(confirmation.transactionId);
        if (transaction) await this.settle(run, confirmation, transaction);
      }),
    );
    return open.length < BATCH_SIZE ? null : (open.at(-1)?.breakId ?? null);
  }

  private async settle(run: Run, confirmation: Confirmation, transaction: Transaction): Promise<void> {
    const to = confirmation.succeeded ? 'succeeded' : 'failed';
    if (isFinal(transaction.status)) return this.close(run, confirmation, transaction.status, to);
    const { moved } = await this.ledger.settle(transaction, {
      to,
      epoch: null,
      dueInMs: null,
      ...(confirmation.providerReference !== null && { providerReference: confirmation.providerReference }),
      ...(!confirmation.succeeded && { failure: NOT_EXECUTED }),
      actor: run.provider,
      evidence: 'statement line',
      eventDetail: { reconciliationId: publicId('rec', run.id), statementLine: confirmation.record },
      eventId: newUuid(),
    });
    const current = moved ? to : (await this.reader.find(transaction.id, null))?.status;
    if (current !== undefined && isFinal(current)) await this.close(run, confirmation, current, to);
  }

  private async close(
    run: Run,
    confirmation: Confirmation,
    currentStatus: string,
    confirmedStatus: string,
  ): Promise<void> {
    if (currentStatus === confirmedStatus) {
      const reason = `Line ${confirmation.line} of the statement (${publicId('rec', run.id)}) confirms it.`;
      await this.database.query(CLOSE, [confirmation.breakId, reason]);
    } else await this.database.query(CONFLICT, [confirmation.breakId, currentStatus]);
  }
}
