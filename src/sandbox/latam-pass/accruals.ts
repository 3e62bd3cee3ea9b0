import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { json, type Refusal } from '../answer.js';
import { type Call } from '../call.js';
import { randomDelayMs } from '../delays.js';
import { type Effect } from '../effects.js';
import { type Outcome } from '../exchange.js';
import { Journal } from '../journal.js';
import { MagicInputs } from '../magic-inputs.js';
import { Report } from '../report.js';
import { type Table } from '../table.js';
import { Accrual, accrualEffect } from './accrual.js';
import { CREDENTIALS } from './credentials.js';
import { duplicate, invalidContent } from './errors.js';
import { findMember } from './find-member.js';
import { type Magic, magicOf } from './magic.js';
import { notificationBody, noticesOf } from './notices.js';
import { Notifier } from './notifier.js';
import { AccrualBody, readBody } from './requests.js';
import { LatamPassSettings, NAME } from './settings.js';

/** The reason code for a member that is found neither by ffn nor by document. */
const NO_SUCH_MEMBER = 204;

export const accrualKey = (partnerAccrualId: string): string => `accrual ${partnerAccrualId}`;
export const transactionKey = (partnerTransactionId: string): string => `transaction ${partnerTransactionId}`;

/** Accruals of points: "Accrual request" and "Accrual notification". */
@Injectable()
export class Accruals implements OnApplicationBootstrap {
  private readonly accruals: Table<Accrual>;

  constructor(
    private readonly settings: LatamPassSettings,
    journal: Journal,
    private readonly notifier: Notifier,
    private readonly magicInputs: MagicInputs,
    report: Report,
  ) {
    const keys = (row: Accrual): string[] => [
      accrualKey(row.partnerAccrualId),
      transactionKey(row.partnerTransactionId),
    ];
    this.accruals = journal.table('accrual', Accrual, keys);
    journal.onReset(() => notifier.forget());
    report.add(NAME, this);
  }

  /** Continues with the notifications that were not delivered when the sandbox ended. */
  onApplicationBootstrap(): void {
    for (const accrual of this.accruals.all()) this.notify(accrual);
  }

  async submit(call: Call): Promise<Outcome> {
    const body = readBody(AccrualBody, call);
    const ffn = findMember(body.member, 'member');
    const magic = magicOf(body.member.ffn);
    if (magic.refuse) throw invalidContent({ 'member.ffn': 'must not be this one' });

    const fault = this.magicInputs.meet(magic.fault, accrualKey(body.partner.partnerAccrualId));
    const refusal = this.duplicateOf(body);
    if (refusal) return { answer: refusal.answer, fault, refused: true };
    const accrual = this.register(body, ffn, magic);
    if (accrual.notices === 'before-answer') await this.notifyBeforeAnswer(accrual);
    else this.notify(accrual);
    return { answer: accepted(accrual), fault };
  }

  find(key: string): Accrual | undefined {
    return this.accruals.find(key);
  }

  get(correlationId: string): Accrual | undefined {
    return this.accruals.get(correlationId);
  }

  effects(): Effect[] {
    return this.accruals.all().map(accrualEffect);
  }

  private duplicateOf({ partner }: AccrualBody): Refusal | null {
    if (this.accruals.find(accrualKey(partner.partnerAccrualId))) {
      return duplicate({ 'partner.partnerAccrualId': 'must be unique' });
    }
    if (this.accruals.find(transactionKey(partner.partnerTransactionId))) {
      return duplicate({ 'partner.partnerTransactionId': 'must be unique' });
    }
    return null;
  }

  private register({ partner, points }: AccrualBody, ffn: string | undefined, magic: Magic): Accrual {
    const receivedAt = Date.now();
    const accrual: Accrual = {
      id: randomUUID(),
      number: this.accruals.size + 1,
      threadId: randomUUID(),
      receivedAt,
      finalAt: receivedAt + (magic.finalAfterMs ?? randomDelayMs(this.settings.accrualDelayMs)),
      partnerAccrualId: partner.partnerAccrualId,
      partnerTransactionId: partner.partnerTransactionId,
      productId: partner.productId,
      ffn: ffn ?? '',
      points,
      reason: this.rejection(partner, ffn, receivedAt) ?? magic.reason,
      notices: magic.notices ?? 'usual',
      delivered: 0,
    };
    this.accruals.put(accrual);
    return accrual;
  }

  /** The code of the reason for rejecting this request; undefined: it is not rejected. */
  private rejection(partner: AccrualBody['partner'], ffn: string | undefined, now: number): number | undefined {
    if (Date.parse(partner.partnerOriginalDateTime) > now) return 101;
    if (partner.partnerId !== CREDENTIALS.partnerId) return 108;
    if (!CREDENTIALS.productIds.some((id) => id === partner.productId)) return 110;
    return ffn === undefined ? NO_SUCH_MEMBER : undefined;
  }

  private notify(accrual: Accrual): void {
    const notices = noticesOf(accrual).slice(accrual.delivered);
    const deliveries = notices.map((notice) => ({
      dueAt: accrual.finalAt + notice.afterMs,
      body: notificationBody(accrual, notice),
    }));
    void this.notifier.deliver(deliveries, () => this.markDelivered(accrual.id));
  }

  /** Sends the notifications before the request is answered. */
  private async notifyBeforeAnswer(accrual: Accrual): Promise<void> {
    for (const notice of noticesOf(accrual)) {
      if (await this.notifier.tryOnce(notificationBody(accrual, notice))) this.markDelivered(accrual.id);
    }
    this.notify(this.accruals.get(accrual.id) ?? accrual);
  }

  private markDelivered(id: string): void {
    const accrual = this.accruals.get(id);
    if (accrual) this.accruals.put({ ...accrual, delivered: accrual.delivered + 1 });
  }
}

function accepted(accrual: Accrual): ReturnType<typeof json> {
  const { id, threadId, partnerAccrualId, partnerTransactionId, points } = accrual;
  const receivedDateTime = new Date(accrual.receivedAt).toISOString();
  const reply = { correlationId: id, threadId, receivedDateTime, partnerAccrualId, partnerTransactionId, points };
  return json(200, { ...reply, status: 'PROCESSING' });
}
