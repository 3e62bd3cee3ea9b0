import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { alarm } from '../common/alarm.js';

/** One statement: of several instances that see the new keys first, exactly one finds the old ones still there. */
const NOTE = `
with seen as (select fingerprint from provider_keys where name = $1)
insert into provider_keys as k (name, fingerprint) values ($1, $2)
on conflict (name) do update set fingerprint = $2, changed_at = now() where k.fingerprint <> $2
returning (select fingerprint from seen) as before`;

/** Remembers a provider's public keys, over restarts and for all instances: a key that was exchanged steals every card. */
@Injectable()
export class KeyWatch {
  constructor(private readonly database: Database) {}

  /** Raises an alarm when the keys are others than those seen last; `keys` in a form that does not depend on order. */
  async note(name: string, keys: string): Promise<void> {
    const fingerprint = createHash('sha256').update(keys, 'utf8').digest();
    const [changed] = await this.database.query<{ before: Buffer | null }>(NOTE, [name, fingerprint]);
    if (!changed?.before) return;
    const fields = { what: name, from: changed.before.toString('hex'), to: fingerprint.toString('hex') };
    alarm('encryption_key_changed', fields, 'encryption keys have changed');
  }
}
