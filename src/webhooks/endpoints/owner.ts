import type { AppCaller, OperatorCaller } from '../../access/index.js';
import type { AppVault } from '../../crypto/app-vault.js';

/** Whose endpoints are meant, and who changes them. */
export interface EndpointOwner {
  /** null: the operators. */
  readonly appId: string | null;
  readonly actor: AppCaller | OperatorCaller;
}

export function appOf(caller: AppCaller): EndpointOwner {
  return { appId: caller.appId, actor: caller };
}

export function operatorsOf(caller: OperatorCaller): EndpointOwner {
  return { appId: null, actor: caller };
}

/** Seals and opens the secrets of an owner's endpoints. */
export interface SecretCipher {
  /** True: the app's data was erased, and its secrets with it. */
  readonly isDestroyed: boolean;
  seal(text: string): Buffer;
  open(sealed: Buffer): string;
}

/** `appId`: null for the operators, whose secrets are sealed with the gateway's own key. */
export async function secretCipher(vault: AppVault, appId: string | null): Promise<SecretCipher> {
  if (appId !== null) return vault.of(appId);
  const { gateway } = vault;
  return {
    isDestroyed: false,
    seal: (text) => gateway.seal(text),
    open: (sealed) => gateway.open(sealed),
  };
}
