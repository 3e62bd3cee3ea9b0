import { hash, verify } from '@node-rs/argon2';

/** The argon2id parameters that OWASP recommends first: 19 MiB, two passes, one lane; about 23 ms of one core. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export function hashPassword(password: string): Promise<string> {
  return hash(password, COST);
}

/** Verified when the operator does not exist, so that the response time does not reveal it. Created once. */
let dummyHash: Promise<string> | null = null;

export async function verifyPassword(password: string, passwordHash: string | null): Promise<boolean> {
  dummyHash ??= hashPassword('no operator has this password');
  const isRight = await verify(passwordHash ?? (await dummyHash), password);
  return isRight && passwordHash !== null;
}
