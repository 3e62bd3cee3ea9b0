import { Injectable } from '@nestjs/common';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import type { Transaction } from '../../ledger/model/transaction.js';
import type { EventDeliveryDto, TransactionEventDto } from './transaction.dto.js';
import { Presenter } from './transaction.presenter.js';

type TimelineOwner = Pick<Transaction, 'id' | 'appId'>;

/** A webhook to an endpoint of the transaction's app. */
export interface EventDelivery {
  /** The event's id, as the ledger has it. */
  readonly eventId: string;
  readonly delivery: EventDeliveryDto;
}

/** Returns the webhooks of a transaction's events, in the order of the events. */
export type DeliveriesReader = (owner: TimelineOwner) => Promise<readonly EventDelivery[]>;

/** The timeline of a transaction as JSON. */
@Injectable()
export class Timeline {
  private readDeliveries: DeliveriesReader = () => Promise.resolve([]);

  constructor(
    private readonly reader: LedgerReader,
    private readonly presenter: Presenter,
  ) {}

  /** Webhooks build on operations, so they bring their reader at the start. */
  readDeliveriesWith(reader: DeliveriesReader): void {
    this.readDeliveries = reader;
  }

  async of(owner: TimelineOwner, expand?: string): Promise<TransactionEventDto[]> {
    const [events, deliveries] = await Promise.all([
      this.reader.events(owner.id),
      expand === 'deliveries' ? this.readDeliveries(owner) : null,
    ]);
    if (!deliveries) return events.map((event) => this.presenter.event(event));
    return events.map((event) => ({
      ...this.presenter.event(event),
      deliveries: deliveries.filter(({ eventId }) => eventId === event.id).map(({ delivery }) => delivery),
    }));
  }
}
