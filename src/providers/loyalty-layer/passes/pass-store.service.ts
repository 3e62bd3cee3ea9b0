import { Injectable } from '@nestjs/common';
import { AppVault } from '../../../crypto/app-vault.js';
import { alarm } from '../../../common/alarm.js';
import { parseId, publicId } from '../../../common/ids.js';
import { Ledger } from '../../../ledger/ledger.service.js';
import { LedgerReader } from '../../../ledger/reads/ledger-reader.service.js';
import type { JsonObject, Resource } from '../../../ledger/model/transaction.js';
import { isClosed } from '../../../ledger/model/personal-fields.js';
import { ProviderQueries } from '../../../operations/provider-admin/provider-queries.service.js';
import { openObject } from '../../../operations/sealed-payload.js';
import { Problem } from '../../../common/problem.js';
import { LoyaltyLayerClient } from '../client.js';
import { passIdBody, readStatusReply } from './pass-change.mapping.js';
import { VOID } from './pass.operation.js';

/** Reads the passes of apps from the ledger, and refreshes them from LoyaltyLayer. */
@Injectable()
export class PassStore {
  constructor(
    private readonly ledger: Ledger,
    private readonly reader: LedgerReader,
    private readonly queries: ProviderQueries,
    private readonly client: LoyaltyLayerClient,
    private readonly vault: AppVault,
  ) {}

  /** @throws Problem `not_found`, also for a pass of another app and for one whose creation failed */
  async find(appId: string, passId: string): Promise<Resource> {
    const id = parseId('pass', passId);
    const found = id === null ? null : await this.reader.resource(id, appId);
    if (!found || found.status === VOID) throw Problem.notFound('pass');
    return found;
  }

  /**
   * Reads the current state from LoyaltyLayer. A pass without LoyaltyLayer's id, or with blocked or erased personal data, is
   * returned without a query.
   * @throws Problem `provider_error`, `provider_unavailable`, `provider_timeout`
   */
  async refresh(pass: Resource): Promise<Resource> {
    const { providerReference } = pass;
    if (providerReference === null || isClosed(pass)) return pass;
    const news = await this.queries.ask('loyalty-layer', async () =>
      readStatusReply(await this.client.passStatus(passIdBody(providerReference))),
    );
    if (news.oddStatus) {
      alarm(
        'unknown_pass_status',
        { passId: publicId('pass', pass.id) },
        'LoyaltyLayer reported an unknown pass status',
      );
    }
    const { status } = news;
    const cipher = await this.vault.of(pass.appId);
    const known = pass.sealed === null ? {} : openObject(cipher, pass.sealed);
    const sealed = cipher.seal(JSON.stringify(merged(known, news.secret)));
    const written = await this.ledger.refreshResource(pass, { status, sealed });
    return written ?? (await this.reader.resource(pass.id, pass.appId)) ?? pass;
  }
}

/** A status query may omit values; omitted ones are kept. */
function merged(known: JsonObject, news: JsonObject): JsonObject {
  return { ...known, ...Object.fromEntries(Object.entries(news).filter(([, value]) => value !== null)) };
}
