import { Injectable } from '@nestjs/common';
import { AppVault } from '../../crypto/app-vault.js';
import { publicId } from '../../common/ids.js';
import { isFinal } from '../../ledger/model/status-transitions.js';
import { LedgerReader } from '../../ledger/reads/ledger-reader.service.js';
import type { JsonObject, Resource, Transaction, TransactionEvent } from '../../ledger/model/transaction.js';
import { formatQuantity } from '../../providers/units.js';
import type { Secret } from '../../connector/connector.js';
import { operationOf, resourceOf, withoutPersonal } from '../../providers/declared.js';
import { isoTime } from './iso-time.js';
import { ConnectorRegistry } from '../connector-registry.service.js';
import { openObject, openSecret } from '../sealed-payload.js';
import type { PresentedTransaction, TransactionEventDto } from './transaction.dto.js';
import { isJsonObject } from '../../readers/json.js';

export interface View {
  /** Personal data in clear instead of masked. */
  readonly personal: boolean;
  /** The owning app also sees the entitlement of a resource (QR data). */
  readonly owner: boolean;
  /** Also blocked personal data, which is kept for legal claims only. */
  readonly blocked?: boolean;
}

export const OWNER: View = { personal: false, owner: true };
export const MASKED: View = { personal: false, owner: false };

/** Turns what the ledger holds into the contract's JSON. */
@Injectable()
export class Presenter {
  constructor(
    private readonly registry: ConnectorRegistry,
    private readonly reader: LedgerReader,
    private readonly vault: AppVault,
  ) {}

  async transaction(transaction: Transaction, view: View): Promise<PresentedTransaction> {
    const resource =
      transaction.resourceId === null ? null : await this.reader.resource(transaction.resourceId, transaction.appId);
    return this.assemble(transaction, resource, view);
  }

  async transactions(list: readonly Transaction[], view: View): Promise<PresentedTransaction[]> {
    const ids = list.flatMap((transaction) => transaction.resourceId ?? []);
    const resources = ids.length === 0 ? [] : await this.reader.resources(ids);
    const byId = new Map(resources.map((resource) => [resource.id, resource]));
    return Promise.all(list.map((one) => this.assemble(one, byId.get(one.resourceId ?? '') ?? null, view)));
  }

  /** A resource as JSON; its owner also sees the entitlement. */
  async resource(resource: Resource, view: View): Promise<JsonObject & { id: string; status: string }> {
    const { sealed } = resource;
    const cipher = view.owner && sealed && !isWithheld(resource, view) ? await this.vault.of(resource.appId) : null;
    const secret = cipher && sealed && !cipher.isDestroyed ? openObject(cipher, sealed) : {};
    return {
      ...resource.detail,
      ...secret,
      id: publicId(resourceOf(resource.kind).idPrefix, resource.id),
      status: resource.status,
    };
  }

  event(event: TransactionEvent): TransactionEventDto {
    return { ...event, id: publicId('evt', event.id), at: event.at.toISOString() };
  }

  private async assemble(
    transaction: Transaction,
    resource: Resource | null,
    view: View,
  ): Promise<PresentedTransaction> {
    const { quantity, unit } = transaction;
    const withheld = isWithheld(transaction, view);
    const secret = view.personal && !withheld ? await this.secretOf(transaction) : null;
    const shown = withheld ? withoutPersonal(transaction.type, transaction.detail) : transaction.detail;
    const detail = secret ? overlay(shown, secret.personal) : shown;
    const member = resource ? { ...(await this.resource(resource, view)), ...detail } : detail;
    return {
      id: publicId('txn', transaction.id),
      type: transaction.type,
      provider: transaction.provider,
      status: transaction.status,
      reference: transaction.reference,
      quantity: quantity === null || unit === null ? null : formatQuantity(quantity, unit),
      providerReference: transaction.providerReference,
      correlationId: transaction.correlationId,
      failure: transaction.failure,
      [operationOf(transaction.type).member]: member,
      nextStep: this.nextStep(transaction),
      cancelableUntil: transaction.status === 'scheduled' ? iso(transaction.releaseAt) : null,
      expectedBy: iso(isFinal(transaction.status) ? null : (transaction.expectedBy ?? transaction.releaseAt)),
      metadata: withheld ? {} : transaction.metadata,
      ...(!view.owner && { appId: publicId('app', transaction.appId), personalData: personalDataOf(transaction) }),
      // The provider's raw response is for operators, who may need it for the provider's support.
      ...(!view.owner && secret?.reply !== undefined && { providerReply: secret.reply }),
      createdAt: isoTime(transaction.createdAt),
      updatedAt: isoTime(transaction.updatedAt),
      completedAt: iso(transaction.completedAt),
    };
  }

  /** null: no personal data, or erased. */
  private async secretOf(transaction: Transaction): Promise<Secret | null> {
    if (!transaction.sealed) return null;
    const cipher = await this.vault.of(transaction.appId);
    return cipher.isDestroyed ? null : openSecret(cipher, transaction);
  }

  private nextStep(transaction: Transaction): string | null {
    switch (transaction.status) {
      case 'scheduled':
        return 'On hold until releaseAt; it can be changed or canceled until then.';
      case 'pending':
        return transaction.parked
          ? 'Delivery kept failing; an operator must intervene. The request is safe.'
          : 'It will be sent as soon as the provider can accept it.';
      case 'processing':
        return this.registry.handler(transaction.type).waitingFor;
      case 'unknown':
        return 'Sent, but the outcome is unknown. It will not be resent; an operator will resolve it.';
      case 'failed':
        return transaction.failure?.instructions ?? null;
      default:
        return null;
    }
  }
}

/** Blocked data is not shown to apps and operators. */
function isWithheld({ blockedAt }: { readonly blockedAt: Date | null }, view: View): boolean {
  return blockedAt !== null && view.blocked !== true;
}

function personalDataOf({ blockedAt, erasedAt }: Transaction): string {
  if (erasedAt !== null) return 'erased';
  return blockedAt === null ? 'kept' : 'blocked';
}

/** Merges `top` into `base`, object by object. */
function overlay(base: JsonObject, top: JsonObject): JsonObject {
  const merged = Object.entries(top).map(([name, value]) => {
    const below = base[name];
    return [name, isJsonObject(value) && isJsonObject(below) ? overlay(below, value) : value] as const;
  });
  return { ...base, ...Object.fromEntries(merged) };
}

function iso(date: Date | null): string | null {
  return date === null ? null : isoTime(date);
}
