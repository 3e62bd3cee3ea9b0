import type { Transaction } from '../ledger/model/transaction.js';

/** The state of a stored notification. `received`: not processed yet. */
export const NOTIFICATION_STATES = ['received', 'applied', 'orphan', 'unreadable', 'contradiction'] as const;
export type NotificationState = (typeof NOTIFICATION_STATES)[number];

/** A notification as it was received, not stored yet. */
export interface Incoming {
  readonly provider: string;
  readonly bytes: Buffer;
  /** The provider's id of the reported transaction; null: the notification is unreadable. */
  readonly correlationId: string | null;
}

/** A stored notification, decrypted. */
export interface StoredNotification {
  readonly id: string;
  readonly provider: string;
  readonly raw: string;
  readonly correlationId: string | null;
}

/** The members of a transaction that are needed to apply a notification to it. */
export type Target = Pick<Transaction, 'id' | 'appId' | 'provider' | 'status' | 'quantity' | 'unit' | 'erasedAt'>;

/** The transaction that a notification reports, and the notifications before it. */
export interface Subject {
  /** null: no transaction has this correlationId yet. */
  readonly transaction: Target | null;
  /** Ids of earlier notifications about the same transaction that are not applied yet, oldest first. */
  readonly earlier: readonly string[];
}

/** A notification that was just stored, and its subject as the commit saw it. */
export interface Arrived {
  readonly notification: StoredNotification;
  readonly subject: Subject;
}

/** A stored notification whose correlationId is known. */
export interface Mention {
  readonly id: string;
  readonly provider: string;
  readonly correlationId: string;
}

/** The result of processing. An orphan is processed again later. */
export interface Conclusion {
  readonly state: NotificationState;
  readonly correlationId: string | null;
  readonly transactionId: string | null;
}

/** A notification as operators see it. */
export interface KeptNotification {
  readonly id: string;
  readonly provider: string;
  readonly receivedAt: Date;
  readonly state: NotificationState;
  readonly correlationId: string | null;
  readonly transactionId: string | null;
  readonly attempts: number;
  readonly appliedAt: Date | null;
  readonly sealed: Buffer;
  /** The personal data of its transaction is kept for legal claims only. */
  readonly isBlocked: boolean;
}
