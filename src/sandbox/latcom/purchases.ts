import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type Answer, jsonWithMoney, Refusal } from '../answer.js';
import { type Effect } from '../effects.js';
import { type Outcome } from '../exchange.js';
import { decimal, randomDelayMs, SETTINGS, type SandboxSettings } from '../settings.js';
import { Tricks } from '../magic-inputs.js';
import { Catalogue, costCents, declineCode } from './catalogue.js';
import { badRequest, declined, errorAnswer } from './errors.js';
import { Float } from './float.js';
import { type Lie, type Magic, magicOf } from './magic.js';
import { type Purchase, purchaseEffect } from './purchase.js';
import { type PurchaseBody } from './requests.js';

/**
 * Top-ups. The document gives `distributor_transaction_id` "for traceability" and promises nothing else: the same id
 * sent twice is executed twice.
 */
@Injectable()
export class Purchases {
  constructor(
    @Inject(SETTINGS) private readonly settings: SandboxSettings,
    private readonly float: Float,
    private readonly tricks: Tricks,
    private readonly catalogue: Catalogue,
  ) {}

  execute(body: PurchaseBody): Outcome {
    const id = body.distributor_transaction_id;
    if (!/^\d{10}$/.test(body.phone_number)) throw badRequest('phone_number must have 10 digits', '83');
    const product = this.catalogue.find(body.product_id);
    if (product && body.operator !== undefined && body.operator !== product.operator) {
      throw badRequest('operator does not sell this product', '12');
    }
    const magic = magicOf(body.phone_number);
    const fault = this.tricks.meet(magic.trick, `purchase ${id}`);
    const code = declineCode(product, body.amount);
    if (code !== undefined) throw new Refusal(declined(400, code, id));
    return { answer: { ...this.answer(body, magic), afterMs: randomDelayMs(this.settings.upstreamDelayMs) }, fault };
  }

  effects(): Effect[] {
    return this.float.purchases.all().map(purchaseEffect);
  }

  private answer(body: PurchaseBody, { decline, lie }: Magic): Answer {
    const id = body.distributor_transaction_id;
    if (!decline) return approved(this.buy(body), lie);
    if (decline.executes) this.buy(body);
    if (decline.code === undefined) return errorAnswer(decline.status, 'Transaction refused', undefined, id);
    return declined(decline.status, decline.code, id);
  }

  private buy(body: PurchaseBody): Purchase {
    const cost = costCents(body.amount, this.float.purchases.size);
    if (cost > this.float.balanceCents) {
      const answer = errorAnswer(402, 'Insufficient balance', '51', body.distributor_transaction_id);
      throw new Refusal(answer);
    }
    const at = Date.now();
    const purchase: Purchase = {
      id: `TXN-${at}-${randomUUID().slice(-9)}`,
      at,
      distributorTransactionId: body.distributor_transaction_id,
      phoneNumber: body.phone_number,
      productId: body.product_id,
      pesos: body.amount,
      costCents: cost,
      balanceAfterCents: this.float.balanceCents - cost,
      reference: `RRN-${String(randomInt(1e12)).padStart(12, '0')}`,
      authCode: randomBytes(3).toString('hex').toUpperCase(),
    };
    this.float.spend(purchase);
    return purchase;
  }
}

function approved(purchase: Purchase, lie: Lie | undefined): Answer {
  const body = {
    success: lie !== 'refused-with-code-00',
    transaction_id: purchase.id,
    distributor_transaction_id: lie === 'another-id' ? randomUUID() : purchase.distributorTransactionId,
    response_code: lie === 'approved-with-code-05' ? '05' : '00',
    response_message: 'Aprobado',
    reference: purchase.reference,
    auth_code: purchase.authCode,
  };
  return jsonWithMoney(200, body, 'balance_after', decimal(purchase.balanceAfterCents));
}
