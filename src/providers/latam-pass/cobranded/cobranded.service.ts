import { Injectable } from '@nestjs/common';
import { Config } from '../../../config/config.js';
import { newUuid } from '../../../common/ids.js';
import type { Draft } from '../../../operations/submission/draft.js';
import { maskNumber } from '../../../operations/transactions/mask.js';
import { Problem } from '../../../common/problem.js';
import type { EndCobrandedDto, StartCobrandedDto } from './cobranded.dto.js';
import { endBody, startBody, type Card } from './cobranded.mapping.js';
import { clearMember, maskedMember } from '../members/member.js';

/** Translates a partner's request about a cobranded card for LATAM Pass. */
@Injectable()
export class Cobranded {
  constructor(private readonly config: Config) {}

  /** @throws Problem `validation_failed` when neither the request nor the configuration names a bank */
  start({ reference, member, card, issueBank }: StartCobrandedDto): Draft {
    return {
      ...common(reference),
      type: 'cobranded_start',
      detail: { member: maskedMember(member), card: maskedCard(card), issueBank: this.bank(issueBank) },
      secret: { personal: { member: clearMember(member), card: { ...card } }, body: startBody(member, card) },
    };
  }

  /** @throws Problem `validation_failed` when neither the request nor the configuration names a bank */
  end({ reference, ffn, card, issueBank }: EndCobrandedDto): Draft {
    return {
      ...common(reference),
      type: 'cobranded_end',
      detail: { ffn: maskNumber(ffn), card: maskedCard(card), issueBank: this.bank(issueBank) },
      secret: { personal: { ffn, card: { ...card } }, body: endBody(ffn, card) },
    };
  }

  private bank(wished: string | undefined): string {
    const issueBank = wished ?? this.config.providers['latam-pass'].issueBank;
    if (issueBank !== null) return issueBank;
    throw Problem.invalid('/issueBank', 'is required: the gateway has no default');
  }
}

function common(reference: string): Pick<Draft, 'id' | 'provider' | 'reference' | 'quantity' | 'metadata'> {
  return { id: newUuid(), provider: 'latam-pass', reference, quantity: null, metadata: {} };
}

/** The meaning of the values is unknown, so they are masked completely, including their length. */
function maskedCard(card: Card): Record<string, string> {
  return Object.fromEntries(Object.keys(card).map((name) => [name, '***']));
}
