import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { decimal } from '../amounts.js';
import { type Answer, jsonWithMoney, Refusal } from '../answer.js';
import { randomDelayMs } from '../delays.js';
import { type Effect } from '../effects.js';
import { type Outcome } from '../exchange.js';
import { MagicInputs } from '../magic-inputs.js';
import { Report } from '../report.js';
import { SandboxSettings } from '../settings.js';
import { Catalog, costCents, declineCode } from './catalog.js';
import { badRequest, declined, errorAnswer } from './errors.js';
import { Float } from './float.js';
import { type Contradiction, type Magic, magicOf } from './magic.js';
import { type Purchase, purchaseEffect } from './purchase.js';
import { type PurchaseBody } from './requests.js';
import { NAME } from './settings.js';

/**
 * Top-ups. The document says that `distributor_transaction_id` is "for traceability" and promises nothing else, so an id
 * that is sent twice is executed twice.
 */
@Injectable()
export class Purchases {
  constructor(
    private readonly settings: SandboxSettings,
    private readonly float: Float,
    private readonly magicInputs: MagicInputs,
    private readonly catalog: Catalog,
    report: Report,
  ) {
    report.add(NAME, this);
  }

  execute(body: PurchaseBody): Outcome {
    const id = body.distributor_transaction_id;
    if (!/^\d{10}$/.test(body.phone_number)) throw badRequest('phone_number must have 10 digits', '83');
    const product = this.catalog.find(body.product_id);
    if (product && body.operator !== undefined && body.operator !== product.operator) {
      throw badRequest('operator does not sell this product', '12');
    }
    const magic = magicOf(body.phone_number);
    const fault = this.magicInputs.meet(magic.fault, `purchase ${id}`);
    const code = declineCode(product, body.amount);
    if (code !== undefined) throw new Refusal(declined(400, code, id));
    return { answer: { ...this.answer(body, magic), afterMs: randomDelayMs(this.settings.upstreamDelayMs) }, fault };
  }

  effects(): Effect[] {
    return this.float.purchases.all().map(purchaseEffect);
  }

  private answer(body: PurchaseBody, { decline, contradiction }: Magic): Answer {
    const id = body.distributor_transaction_id;
    if (!decline) return approved(this.buy(body), contradiction);
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

function approved(purchase: Purchase, contradiction: Contradiction | undefined): Answer {
  const body = {
    success: contradiction !== 'refused-with-code-00',
    transaction_id: purchase.id,
    distributor_transaction_id: contradiction === 'another-id' ? randomUUID() : purchase.distributorTransactionId,
    response_code: contradiction === 'approved-with-code-05' ? '05' : '00',
    response_message: 'Aprobado',
    reference: purchase.reference,
    auth_code: purchase.authCode,
  };
  return jsonWithMoney(200, body, 'balance_after', decimal(purchase.balanceAfterCents));
}
