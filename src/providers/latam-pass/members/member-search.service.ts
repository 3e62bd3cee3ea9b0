import { Injectable } from '@nestjs/common';
import type { HttpReply } from '../../../outbound/provider-http.service.js';
import { ProviderQueries } from '../../../operations/provider-admin/provider-queries.service.js';
import { Problem } from '../../../common/problem.js';
import { ProviderError } from '../../../connector/connector.js';
import { LatamPassClient } from '../client.js';
import { memberErrors } from './member.js';
import type { SearchMemberDto } from './member-search.dto.js';
import { readSearchReply, scopeHeader, searchBody, type SearchReading } from './member-search.mapping.js';

const MAX_TRIES = 2;

/** Looks up members at LATAM Pass. Neither request nor response is stored or logged. */
@Injectable()
export class MemberSearch {
  constructor(
    private readonly client: LatamPassClient,
    private readonly queries: ProviderQueries,
  ) {}

  /**
   * Returns the provider's JSON unchanged.
   * @throws Problem `validation_failed`, `not_found`, `provider_error`, `provider_unavailable`, `provider_timeout`
   */
  async search({ ffn, document, scopes }: SearchMemberDto): Promise<string> {
    const errors = memberErrors({ ffn, document }, '');
    if (errors.length > 0) throw Problem.validation(errors);
    const body = searchBody({ ffn, document });
    const reading = await this.queries.ask('latam-pass', () =>
      twice(() => this.client.searchMember(body, scopeHeader(scopes))),
    );
    if (reading.kind === 'found') return reading.json;
    const provider = reading.refusal;
    if (reading.kind === 'no-member')
      throw new Problem('not_found', 'LATAM Pass does not know this member.', { provider });
    throw new Problem('provider_error', 'LATAM Pass rejected the search.', { provider });
  }
}

/** A search changes nothing, so it is repeated after a doubtful response; only once, because the caller waits. */
async function twice(call: () => Promise<HttpReply>): Promise<SearchReading> {
  for (let tries = 1; ; tries += 1) {
    try {
      return readSearchReply(await call());
    } catch (error) {
      const isInDoubt = error instanceof ProviderError && error.kind === 'doubtful';
      if (!isInDoubt || tries >= MAX_TRIES) throw error;
    }
  }
}
