import { Injectable } from '@nestjs/common';
import { Database } from '../../../database/database.js';
import { newUuid, publicId } from '../../../common/ids.js';
import { Ledger } from '../../../ledger/ledger.service.js';
import { isFinal } from '../../../ledger/model/status-transitions.js';
import { LedgerReader } from '../../../ledger/reads/ledger-reader.service.js';
import type { Failure, JsonObject, Transaction } from '../../../ledger/model/transaction.js';
import type { Run } from '../../runs/runs.service.js';

const AT_ONCE = 100;

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

/** Meanwhile it has ended the other way: that is a conflict, and nothing closes it by itself. */
const CONFLICT = `
update breaks set class = 'status_conflict', detail = detail || jsonb_build_object('is', $2::text), updated_at = now()
where id = $1 and status = 'open' and not exists (
  select from breaks other
  where other.class = 'status_conflict' and other.transaction_id = breaks.transaction_id
    and other.record_key is not distinct from breaks.record_key
    and other.difference is not distinct from breaks.difference)`;

const NOT_EXECUTED: Failure = {
  code: 'refused_by_provider',
  message: "The provider's statement says that it was not executed.",
  instructions: 'Send a new request if it is still wanted.',
  category: 'provider',
  provider: null,
  retryable: true,
};

/** What a statement says of transactions whose end nobody knew: a line is evidence, and settles them. */
@Injectable()
export class Confirmations {
  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly reader: LedgerReader,
  ) {}

  /** Settles some; answers with the last break it looked at, or null when there are no more. */
  async settleSome(run: Run, after: string | null): Promise<string | null> {
    const open = await this.database.query<Confirmation>(OPEN, [run.id, after, AT_ONCE]);
    const transactions = await this.reader.findMany(open.map((one) => one.transactionId));
    const byId = new Map(transactions.map((one) => [one.id, one]));
    await Promise.all(
      open.map(async (one) => {
        const transaction = byId.get(one.transactionId);
        if (transaction) await this.settle(run, one, transaction);
      }),
    );
    return open.length < AT_ONCE ? null : (open.at(-1)?.breakId ?? null);
  }

  private async settle(run: Run, one: Confirmation, transaction: Transaction): Promise<void> {
    const to = one.succeeded ? 'succeeded' : 'failed';
    if (isFinal(transaction.status)) return this.close(run, one, transaction.status, to);
    const { moved } = await this.ledger.settle(transaction, {
      to,
      epoch: null,
      dueInMs: null,
      ...(one.providerReference !== null && { providerReference: one.providerReference }),
      ...(!one.succeeded && { failure: NOT_EXECUTED }),
      actor: run.provider,
      evidence: 'statement line',
      eventDetail: { reconciliationId: publicId('rec', run.id), statementLine: one.record },
      eventId: newUuid(),
    });
    const current = moved ? to : (await this.reader.find(transaction.id, null))?.status;
    if (current !== undefined && isFinal(current)) await this.close(run, one, current, to);
  }

  private async close(run: Run, one: Confirmation, is: string, said: string): Promise<void> {
    if (is === said) {
      const reason = `Line ${one.line} of the statement (${publicId('rec', run.id)}) says so.`;
      await this.database.query(CLOSE, [one.breakId, reason]);
    } else await this.database.query(CONFLICT, [one.breakId, is]);
  }
}
