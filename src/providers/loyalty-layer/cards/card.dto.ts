import { Matches } from 'class-validator';

export class TokenizeCardDto {
  /**
   * The card, encrypted by the app with one of the keys of `GET /v1/cards/encryption-keys`: a JWE in compact form, at most
   * 8 KiB, not compressed.
   * @example "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIn0.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGe.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ"
   */
  @Matches(/^[\x21-\x7e]+$/, { message: 'must be a JWE in compact form' })
  encryptedValue!: string;

  /**
   * The plan that the card is enrolled for.
   * @example "PP-LOUNGE"
   */
  @Matches(/^[\w.:-]{1,100}$/, { message: 'must be 1 to 100 letters, digits, dots, colons, underscores or hyphens' })
  planId!: string;

  /** @example "VISA" */
  @Matches(/^[\w .-]{1,50}$/, { message: 'must be 1 to 50 letters, digits, spaces, dots, underscores or hyphens' })
  cardType!: string;
}

export class EnrolTokenDto {
  /**
   * Send it as the `enrolToken` of a pass. It is not stored: if you lose it, tokenize the card again.
   * @example "enrol_6f1c1e0a-5d0e-4a39-9b51-2f0a5f9f6a11"
   */
  enrolToken!: string;
}
