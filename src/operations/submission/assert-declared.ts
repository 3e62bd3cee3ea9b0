import { operationOf } from '../../providers/declared.js';
import { isDeclaredUnit } from '../../providers/units.js';
import type { Draft } from './draft.js';

/** A defect of a connector. The log shows name and code of an error, never its message: both are safe. */
class UndeclaredPersonalMember extends Error {
  override readonly name = 'UndeclaredPersonalMember';
  readonly code: string;

  constructor(type: string, member: string) {
    super(`the manifest does not declare ${member} of ${type} as personal`);
    this.code = `${type}.${member}`;
  }
}

/** A defect of a connector, shown in the log like `UndeclaredPersonalMember`. */
class UndeclaredUnit extends Error {
  override readonly name = 'UndeclaredUnit';
  readonly code: string;

  constructor(type: string, unit: string) {
    super(`no manifest declares the unit ${unit} of ${type}`);
    this.code = `${type}.${unit}`;
  }
}

/**
 * Erasure would leave a personal member in place that no manifest declares, and an amount in a unit without declared
 * decimals would be shown too large.
 * @throws UndeclaredPersonalMember, UndeclaredUnit
 */
export function assertDeclared({ type, secret, quantity }: Pick<Draft, 'type' | 'secret' | 'quantity'>): void {
  const { personal } = operationOf(type);
  const stranger = Object.keys(secret.personal).find((member) => !personal.includes(member));
  if (stranger !== undefined) throw new UndeclaredPersonalMember(type, stranger);
  if (quantity !== null && !isDeclaredUnit(quantity.unit)) throw new UndeclaredUnit(type, quantity.unit);
}
