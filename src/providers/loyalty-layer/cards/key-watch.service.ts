import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database } from '../../../database/database.js';
import { alarm } from '../../../common/alarm.js';

/** One statement, so that only one of several instances gets the old fingerprint and raises the alarm. */
const SAVE = `
with seen as (select fingerprint from provider_keys where name = $1)
insert into provider_keys as k (name, fingerprint) values ($1, $2)
on conflict (name) do update set fingerprint = $2, changed_at = now() where k.fingerprint <> $2
returning (select fingerprint from seen) as before`;

/**
 * Detects a change of a provider's public keys, over all instances and restarts: an attacker's key would expose every card.
 */
@Injectable()
export class KeyWatch {
  constructor(private readonly database: Database) {}

  /** Raises an alarm when the keys have changed. The text `keys` must not depend on the order of the keys. */
  async check(name: string, keys: string): Promise<void> {
    const fingerprint = createHash('sha256').update(keys, 'utf8').digest();
    const [changed] = await this.database.query<{ before: Buffer | null }>(SAVE, [name, fingerprint]);
    if (!changed?.before) return;
    const fields = { what: name, from: changed.before.toString('hex'), to: fingerprint.toString('hex') };
    alarm('encryption_key_changed', fields, 'encryption keys have changed');
  }
}
