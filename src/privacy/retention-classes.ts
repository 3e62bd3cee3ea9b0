/** The retention period of a class of data, its end, and the reason. */
export interface RetentionClass {
  readonly kept: string;
  readonly why: string;
}

export const CLASSES = {
  personal: {
    kept: '`RETENTION_PERSONAL_DAYS` (180) after the transaction became final (for a pass: after the pass ended), then blocked for `RETENTION_BLOCKED_DAYS` (180), then erased',
    why: 'Personal data, encrypted with the key of the app or masked, and free text of partners.',
  },
  raw: {
    kept: '`RETENTION_NOTIFICATION_DAYS` (90), then the row is deleted; at once when its transaction is erased',
    why: 'Notifications as received, encrypted. They are evidence, and needed for a replay.',
  },
  guard: {
    kept: '30 days, then emptied',
    why: 'Keyed hashes and the idempotency keys of apps: they prevent a second execution of an operation.',
  },
  ledger: {
    kept: 'forever',
    why: "The accounts: every movement, its app and its evidence. No personal data: references are the partners' own numbers and must not identify a person.",
  },
  audit: {
    kept: 'forever; the gateway cannot delete it',
    why: 'Every action and read of an operator, with the address: needed for at least five years to assess an incident (ANPD 15/2024).',
  },
  staff: {
    kept: 'until the operator is removed',
    why: 'The operators of the gateway.',
  },
  partner: {
    kept: 'forever; the data key until the app is erased',
    why: 'Partner apps, their settings and the hashes of their keys: companies, not persons.',
  },
  delivery: {
    kept: '30 days after it ended, then the row is deleted; at the latest 37 days after it was queued',
    why: 'Webhooks to partners: when each event was sent, and with what result. No personal data, and nothing of an answer.',
  },
  event: {
    kept: '30 days, then the row is deleted',
    why: 'Events that are not part of a transaction, e.g. that an endpoint was disabled. No personal data.',
  },
  state: {
    kept: 'until it is overwritten or no longer needed',
    why: 'Current state of the gateway: quotas, logins, switches. No personal data.',
  },
} as const satisfies Record<string, RetentionClass>;

export type RetentionClassName = keyof typeof CLASSES;

/** The columns of each class. `*`: all columns of the table that no other class names. */
export type TableRetention = Partial<Record<RetentionClassName, readonly string[]>>;
