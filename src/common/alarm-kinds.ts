/**
 * Every alarm by its kind: what happened, and what the operator does. `npm run alarms` writes docs/alarms.md from it.
 */
export const ALARMS = {
  batch_surplus:
    'A provider answered a batch with more items than the gateway ordered. Ask the provider whether the surplus exists and is billed.',
  batches_paused:
    'A provider refuses batches or gives unusable answers to them. Operations are sent one by one for ten minutes. If it repeats, ask the provider about its batch endpoint.',
  breaker_open:
    'A provider failed several times in a row, and calls to it are paused. Check its status and the network; calls resume automatically.',
  card_data_in_notification:
    'A notification contains a payment card number; it is stored encrypted. Ask the provider to stop sending card data, and erase the transaction if the number must not be kept.',
  clock_skew:
    "This machine's clock differs from the database's clock by more than two seconds, and nothing is sent. Repair the time synchronization.",
  connector_defect:
    'The code of a connector failed unexpectedly. If the call had been sent, the transaction becomes `unknown`. Report the log line to the developers and resolve the `unknown` transactions.',
  contradiction:
    'A provider reported an outcome that contradicts a final status; the first outcome stands. Ask the provider which one is right, and resolve the break if one was opened.',
  encryption_key_changed:
    "A provider's public keys for card data have changed. Ask the provider over another channel to confirm the new keys before more cards are sent.",
  finding_not_shared:
    'A rate limit or a refused token could not be written to the database, so other instances do not know of it. Check the database.',
  float_used_up:
    'A provider refused a purchase for lack of funds, and purchases are paused. Pay in; purchases resume after the next balance check.',
  illegal_transition:
    'The code tried a status change that is not allowed, and it was refused. Report the log line to the developers.',
  input_refused_by_database:
    'The database refused a value that validation had accepted, and the caller got 400. Report the route to the developers.',
  job_failed:
    'A run of a background job failed; its next run tries again. Check the database. The field `job` of the log line names the job.',
  job_stuck:
    'A run of a background job has taken more than an hour, and no other run of it begins before its end. The field `job` of the log line names the job. With a large backlog, wait; otherwise check the database, restart the process, and report the log line to the developers.',
  ledger_chain_broken:
    'The chain of seals was cut off or rewritten, and this process has stopped sealing. Run `GET /v1/admin/ledger/verify` with a stored head, find out who changed the rows, then restart.',
  low_float: 'The balance at a provider fell below a configured level. Pay in.',
  notification_failed:
    'A stored notification could not be decrypted or applied; it is tried again. Check the database, and report the log line to the developers if it repeats.',
  notification_parked:
    'A stored notification failed for more than an hour and blocked later ones. It is kept as `unreadable`, and later ones are applied although its content is unknown. Ask the provider for the real outcome of the operation, and replay the notification once the cause is repaired.',
  number_out_of_range:
    'A number in a provider answer was out of range and was replaced or left out; the outcome itself was recorded. Compare the transaction with the provider.',
  outbound_proxy:
    'The outbound proxy refuses connections or its certificate is not valid, and nothing is sent. Repair the proxy or `OUTBOUND_PROXY_URL`.',
  outcome_unwritten:
    'The outcome of a call could not be recorded; the transaction is tried again or becomes `unknown`. Check the database, then resolve the `unknown` transactions.',
  parked:
    'Delivery of a transaction kept failing, and it is parked. Find the cause in its timeline, then retry or resolve the transaction.',
  provider_edge:
    'A proxy or firewall in front of a provider refused a request or a login, and the provider itself did not see it. Ask the provider whether our address and paths are allowed.',
  provider_refuses_credentials:
    'A provider refused our credentials or tokens. If it repeats, check them with the provider.',
  provider_stopped:
    'A provider keeps refusing our credentials, and it was paused. Correct the credentials, restart, then resume the provider.',
  provider_tls:
    'The TLS certificate of a provider could not be verified, and nothing is sent. Check the certificate with the provider, or set `NODE_EXTRA_CA_CERTS` for a private authority.',
  reconciliation_failed:
    'A reconciliation was interrupted and continues later. Check the database, and report the log line to the developers if it repeats.',
  record_unconfirmed:
    'The commit of a new transaction was not confirmed, and the gateway has stopped checking for it. If the transaction exists, it was never sent. Look for open transactions that were never sent, and resolve them.',
  token_unreadable: 'A login at a provider returned a token that cannot be sent in a header. Ask the provider.',
  unknown_notification_status:
    'A notification has a status that is not final; it was added to the timeline and changed nothing else. Ask the provider what the status means.',
  unknown_pass_status: 'A provider gave a pass an unknown status. Ask the provider what it means.',
  unreadable_balance:
    'A provider reported a balance that is not a plain decimal; the last good balance stands. Ask the provider, and check the balance in its portal.',
  unreadable_notification:
    'A notification could not be understood; it is kept as it arrived and changed nothing. Read it at `GET /v1/admin/notifications?state=unreadable`, and ask the provider.',
  unsendable_request:
    'Our HTTP client refused to write a request, and it was not sent. Check the configured URL and credentials for characters that are not allowed.',
  webhook_endpoint_disabled:
    'A webhook endpoint was disabled: it answered 410, or it could not be reached for five days. Tell the partner; the endpoint is enabled again by the partner or by you, and replay delivers what was missed.',
} as const;

export type AlarmKind = keyof typeof ALARMS;
