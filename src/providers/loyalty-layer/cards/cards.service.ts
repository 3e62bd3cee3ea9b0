import { Injectable } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { ProviderQueries } from '../../../operations/provider-admin/provider-queries.service.js';
import { Problem } from '../../../common/problem.js';
import { readTokenizeReply, tokenizeBody, type EncryptedCard } from './card.mapping.js';
import { LoyaltyLayerClient } from '../client.js';
import { EncryptionKeys } from './encryption-keys.service.js';
import { faultOfJwe } from './jwe.js';

/** Lets apps enroll cards. The gateway only ever sees encrypted cards. */
@Injectable()
export class Cards {
  constructor(
    private readonly config: Config,
    private readonly queries: ProviderQueries,
    private readonly client: LoyaltyLayerClient,
    private readonly encryptionKeys: EncryptionKeys,
  ) {}

  /** @throws Problem `provider_error`, `provider_unavailable`, `provider_timeout` */
  keys(): Promise<string> {
    return this.queries.ask('loyalty-layer', () => this.encryptionKeys.current());
  }

  /** @throws Problem `validation_failed`, and as `keys` */
  async tokenize(card: EncryptedCard): Promise<string> {
    const fault = faultOfJwe(card.encryptedValue, this.config.providers['loyalty-layer'].jweAlgorithms);
    if (fault !== null) throw Problem.invalid('/encryptedValue', fault);
    return this.queries.ask('loyalty-layer', async () =>
      readTokenizeReply(await this.client.tokenize(tokenizeBody(card))),
    );
  }
}
