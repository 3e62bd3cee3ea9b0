/** Every alarm by its kind: what happened, and what an operator does. docs/alarms.md is made of it (`npm run alarms`). */
export const ALARMS = {
  batch_surplus:
    'LoyaltyLayer answered a batch with more passes than were ordered: ask LoyaltyLayer whether the surplus passes exist and are billed.',
  batches_paused:
    'Batches to LoyaltyLayer are refused or answered in a way that is not understood, and passes are sent one by one for ten minutes: when it repeats, ask LoyaltyLayer about its batch endpoint.',
  breaker_open:
    'A provider failed several times in a row and is not called for a while: check its status and the network; calls resume by themselves.',
  card_data_in_notification:
    'A notification holds the number of a payment card; it is stored encrypted: ask the provider to stop sending card data, and erase the transaction where the number must not be kept.',
  clock_skew:
    "This machine's clock is more than two seconds from the database's clock, and nothing is sent: repair the time synchronization.",
  connector_defect:
    'The code of a connector failed unexpectedly; after the call the transaction becomes `unknown`: report the log line to the developers and settle what is `unknown`.',
  contradiction:
    'A provider reported an end that contradicts a final state; the first end stands: compare both with the provider, and decide the break where one was opened.',
  encryption_key_changed:
    "A provider's public keys for card data differ from those seen before: have the provider confirm the new keys over another channel before any more cards are sent.",
  float_used_up:
    'A provider refused a purchase for lack of funds, and purchases are paused: pay in; purchases resume after a new look at the balance.',
  gauges_failed:
    'The gauges of providers and queues could not be refreshed, and /metrics shows old values: check the database.',
  illegal_move:
    'The code tried a change of status that is not allowed, and it was refused: report the log line to the developers.',
  input_refused_by_database:
    'The database refused a value that validation had accepted, and the caller got 400: report the route to the developers.',
  ledger_chain_broken:
    'The chain of seals was cut off or rewritten, and this process seals nothing any more: run `GET /v1/admin/ledger/verify` with a stored head, find out who changed the rows, then restart.',
  lesson_unwritten:
    'A rate limit or a refused token could not be written to the database, so other instances do not know of it: check the database.',
  low_float: 'The balance at a provider fell below a configured level: pay in.',
  notification_failed:
    'A stored notification could not be opened or applied; it is tried again: check the database, and report the log line to the developers when it repeats.',
  notification_parked:
    'A stored notification failed for over an hour and held up later ones; it is kept as `unreadable` and later ones are applied, although its content is unknown: ask the provider for the real end of the accrual, and replay the notification once the cause is repaired.',
  odd_number:
    'A number in a provider answer was out of range and was replaced or left out; the outcome itself was recorded: compare the transaction with the provider.',
  outbound_proxy:
    'The outbound proxy refuses connections or its certificate is not valid, and nothing is sent: repair the proxy or `OUTBOUND_PROXY_URL`.',
  outcome_unwritten:
    'The outcome of a call could not be recorded; the transaction is tried again or becomes `unknown`: check the database, then settle what is `unknown`.',
  parked:
    'A transaction could not be delivered for too long and waits: find the cause in its timeline, then retry or resolve the transaction.',
  provider_edge:
    'A proxy or firewall in front of a provider refused a request or a login, and the provider itself did not see it: ask the provider whether our address and paths are allowed.',
  provider_refuses_credentials:
    'A provider refused our credentials or tokens: check them with the provider when it repeats.',
  provider_stopped:
    'A provider refuses our credentials for good, and it was paused: correct the credentials, restart, then resume the provider.',
  provider_tls:
    'The certificate or TLS of a provider could not be verified, and nothing is sent: check the certificate with the provider, or set `NODE_EXTRA_CA_CERTS` for a private authority.',
  reconciliation_failed:
    'A reconciliation was interrupted and continues later: check the database, and report the log line to the developers when it repeats.',
  record_unconfirmed:
    'The commit of a record was not confirmed, and its transaction is no longer watched; the record, if it exists, was never sent: look for open transactions that have not been sent and settle them.',
  tick_failed: 'A round of background work failed; the next round tries again: check the database.',
  token_unreadable: 'A login at a provider returned a token that cannot be sent in a header: ask the provider.',
  unknown_notification_status:
    'A notification has a status that is not final; it was added to the timeline and changed nothing else: ask the provider what the status means.',
  unknown_pass_status: 'LoyaltyLayer gave a pass an unknown status: ask LoyaltyLayer what it means.',
  unreadable_balance:
    'A provider reported a balance that is not a plain decimal; the last good balance stands: ask the provider, and check the balance in its portal.',
  unreadable_notification:
    'A notification could not be understood; it is kept as it arrived and changed nothing: read it at `GET /v1/admin/notifications?state=unreadable`, and ask the provider.',
  unsendable_request:
    'Our HTTP client refused to write a request, and it was not sent: check the configured URL and credentials for characters that are not allowed.',
} as const;

export type AlarmKind = keyof typeof ALARMS;
