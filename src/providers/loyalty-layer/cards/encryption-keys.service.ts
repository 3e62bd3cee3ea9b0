import { canonicalJson } from '../../../operations/submission/request-fingerprint.js';
import type { KeyWatch } from './key-watch.service.js';
import { readKeysReply } from './card.mapping.js';
import type { LoyaltyLayerClient } from '../client.js';

/** Longest age of cached keys: LoyaltyLayer may withdraw one. */
const MAX_AGE_MS = 50_000;

/** Caches LoyaltyLayer's public keys, byte for byte, for less than a minute. */
export class EncryptionKeys {
  private held: { readonly text: string; readonly askedAtMs: number } | null = null;
  private asking: Promise<string> | null = null;

  constructor(
    private readonly client: LoyaltyLayerClient,
    private readonly watch: KeyWatch,
  ) {}

  /** @throws ProviderError, Problem */
  current(): Promise<string> {
    const { held } = this;
    if (held && performance.now() - held.askedAtMs < MAX_AGE_MS) return Promise.resolve(held.text);
    this.asking ??= this.fetch().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  private async fetch(): Promise<string> {
    const askedAtMs = performance.now();
    const { text, keys } = readKeysReply(await this.client.encryptionKeys());
    await this.watch.check('loyalty-layer', canonicalJson(keys));
    this.held = { text, askedAtMs };
    return text;
  }
}
