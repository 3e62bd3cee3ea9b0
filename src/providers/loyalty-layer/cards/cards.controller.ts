import { applyDecorators, Body, Controller, Get, Header, Post } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Partner } from '../../../access/index.js';
import { ApiProblems } from '../../../api/openapi.js';
import { EnrolTokenDto, TokenizeCardDto } from './card.dto.js';
import { Cards } from './cards.service.js';

/** Encrypted cards. The app encrypts a card for LoyaltyLayer; the gateway forwards it and cannot read it. */
@Controller('v1/cards')
@ApiTags('Cards')
@Partner('passes')
export class CardsController {
  constructor(private readonly cards: Cards) {}

  /** LoyaltyLayer's public keys, unchanged; cached for less than a minute. */
  @Get('encryption-keys')
  @Header('Content-Type', 'application/json; charset=utf-8')
  @GivesKeys()
  keys(): Promise<string> {
    return this.cards.keys();
  }

  /** Exchange an encrypted card for an enrolToken. Neither is stored. */
  @Post('tokenize')
  @Tokenizes()
  async tokenize(@Body() dto: TokenizeCardDto): Promise<EnrolTokenDto> {
    return { enrolToken: await this.cards.tokenize(dto) };
  }
}

function GivesKeys(): MethodDecorator {
  return applyDecorators(
    ApiOkResponse({
      description: 'The keys as LoyaltyLayer returns them; their format is not documented.',
      schema: { type: 'object', additionalProperties: true },
    }),
    ApiProblems('provider_error', 'provider_unavailable', 'provider_timeout'),
  );
}

function Tokenizes(): MethodDecorator {
  return applyDecorators(
    ApiBody({ type: TokenizeCardDto }),
    ApiCreatedResponse({ type: EnrolTokenDto, description: 'The token. It is not stored.' }),
    ApiProblems(
      'validation_failed',
      'payload_too_large',
      'unsupported_media_type',
      'provider_error',
      'provider_unavailable',
      'provider_timeout',
    ),
  );
}
