import { IsInt, IsString } from 'class-validator';
import { decimal } from '../amounts.js';
import { type Effect } from '../effects.js';

/** An executed top-up. */
export class Purchase {
  /** The provider's own transaction_id. */
  @IsString() id: string;
  @IsInt() at: number;
  @IsString() distributorTransactionId: string;
  @IsString() phoneNumber: string;
  @IsString() productId: string;
  @IsInt() pesos: number;
  @IsInt() costCents: number;
  @IsInt() balanceAfterCents: number;
  @IsString() reference: string;
  @IsString() authCode: string;
}

export function purchaseEffect(purchase: Purchase): Effect {
  return {
    kind: 'purchase',
    at: new Date(purchase.at).toISOString(),
    key: purchase.distributorTransactionId,
    providerReference: purchase.id,
    outcome: 'approved',
    quantity: { value: `${purchase.pesos}.00`, unit: 'MXN' },
    detail: {
      phoneNumber: purchase.phoneNumber,
      productId: purchase.productId,
      reference: purchase.reference,
      authCode: purchase.authCode,
      costUsd: decimal(purchase.costCents),
      balanceAfterUsd: decimal(purchase.balanceAfterCents),
    },
  };
}
