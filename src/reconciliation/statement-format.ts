import { holdsCardNumber } from '../api/card-firewall/card-number.js';
import { parseUuid } from '../ids.js';
import { PESO_UNIT, POINTS_UNIT } from '../ledger/units.js';
import { Problem } from '../problem.js';

/* What a provider's statement says, line by line. Pure. */

/** A line that can be compared with the ledger. Nothing personal is taken from it. */
export interface StatementLine {
  /** Ours, as the provider repeats it. */
  readonly transactionId: string | null;
  readonly providerReference: string | null;
  readonly reference: string | null;
  readonly succeeded: boolean;
  /** In the smallest part of the unit. */
  readonly amount: bigint;
  readonly unit: string;
  /** ISO 8601 with a zone. */
  readonly at: string;
}

/** Providers that give statements. */
export type StatementProvider = 'latcom' | 'latam-pass';

interface Format {
  /** Columns by the names of the contract; those that may be missing end in `?`. */
  readonly columns: readonly string[];
  readonly read: (cell: (column: string) => string) => StatementLine;
}

const MAX_REFERENCE = 255;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$/;

/** A line that cannot be used, and why: in words that quote nothing of it. */
export class BadLine extends Error {}

const FORMATS: Readonly<Record<StatementProvider, Format>> = {
  latcom: {
    columns: ['distributor_transaction_id', 'status', 'amount', 'currency?', 'date'],
    read: (cell) => ({
      transactionId: idOf(cell('distributor_transaction_id')),
      providerReference: null,
      reference:
        parseUuid(cell('distributor_transaction_id')) === null ? textOf(cell('distributor_transaction_id')) : null,
      succeeded: outcomeOf(cell('status')),
      amount: centsOf(cell('amount')),
      unit: currencyOf(cell('currency')),
      at: timeOf(cell('date')),
    }),
  },
  'latam-pass': {
    columns: ['latamAccrualId', 'partnerAccrualId?', 'partnerTransactionId?', 'ffn?', 'points', 'date'],
    read: (cell) => ({
      transactionId: parseUuid(cell('partnerAccrualId')),
      providerReference: textOf(cell('latamAccrualId')),
      reference: cell('partnerTransactionId') === '' ? null : textOf(cell('partnerTransactionId')),
      succeeded: true,
      amount: wholeOf(cell('points')),
      unit: POINTS_UNIT,
      at: timeOf(cell('date')),
    }),
  },
};

export function isStatementProvider(provider: string): provider is StatementProvider {
  return provider in FORMATS;
}

/** How to read a file's lines, by its header. */
export class StatementReader {
  private readonly positions: ReadonlyMap<string, number>;
  private readonly format: Format;

  /**
   * `mapping` gives other names for columns: `{ "amount": "Importe" }`.
   * @throws Problem `validation_failed` when a column is missing or the mapping names one that is not known
   */
  constructor(provider: StatementProvider, header: readonly string[], mapping: Readonly<Record<string, string>>) {
    this.format = FORMATS[provider];
    const names = this.format.columns.map((column) => column.replace('?', ''));
    const stranger = Object.keys(mapping).find((name) => !names.includes(name));
    if (stranger !== undefined) throw Problem.invalid('/columns', `knows the columns ${names.join(', ')} only`);
    const found = new Map(header.map((name, position) => [fold(name), position]));
    const positions = this.format.columns.flatMap((column): [string, number][] => {
      const name = column.replace('?', '');
      const position = found.get(fold(mapping[name] ?? name));
      if (position !== undefined) return [[name, position]];
      if (column.endsWith('?') && mapping[name] === undefined) return [];
      throw Problem.invalid('/file', `has no column ${name} in its first line; name another one in "columns"`);
    });
    this.positions = new Map(positions);
  }

  /** @throws BadLine */
  read(cells: readonly string[]): StatementLine {
    return this.format.read((column) => {
      const position = this.positions.get(column);
      return position === undefined ? '' : (cells[position] ?? '').trim();
    });
  }
}

function fold(name: string): string {
  return name.trim().toLowerCase();
}

function idOf(cell: string): string | null {
  if (cell === '') throw new BadLine('has no distributor_transaction_id');
  return parseUuid(cell);
}

/** Ids of others; not more than an id can be, and nothing that must not be kept. */
function textOf(cell: string): string {
  if (cell === '' || cell.length > MAX_REFERENCE) throw new BadLine(`has an id that is empty or too long`);
  if (holdsCardNumber(cell)) throw new BadLine('holds the number of a payment card');
  return cell;
}

function outcomeOf(cell: string): boolean {
  const word = cell.toUpperCase();
  if (word === 'SUCCESS') return true;
  if (word === 'FAIL' || word === 'FAILED') return false;
  throw new BadLine('has a status other than SUCCESS and FAIL');
}

function centsOf(cell: string): bigint {
  const [, whole, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(cell) ?? [];
  if (whole === undefined) throw new BadLine('has an amount that is no decimal such as 10.00');
  return positive(BigInt(whole) * 100n + BigInt(fraction.padEnd(2, '0')));
}

function wholeOf(cell: string): bigint {
  if (!/^\d{1,15}$/.test(cell)) throw new BadLine('has points that are no whole number');
  return positive(BigInt(cell));
}

function positive(amount: bigint): bigint {
  if (amount > 0n) return amount;
  throw new BadLine('has an amount of zero');
}

function currencyOf(cell: string): string {
  if (cell === '') return PESO_UNIT;
  if (!/^[A-Za-z]{3}$/.test(cell)) throw new BadLine('has a currency that is no three letters');
  return cell.toUpperCase();
}

/** A day without a time is its end: what happened on it is not later than the line. */
function timeOf(cell: string): string {
  const hasZone = /(Z|[+-]\d{2}:?\d{2})$/.test(cell);
  const text = DAY.test(cell) ? `${cell}T23:59:59.999Z` : cell.replace(' ', 'T') + (hasZone ? '' : 'Z');
  const zoned = text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2');
  if ((DAY.test(cell) || TIME.test(cell)) && isDay(zoned) && !Number.isNaN(Date.parse(zoned))) return zoned;
  throw new BadLine('has a date that is no ISO 8601 time');
}

/** `Date.parse` takes the 31st of February for the 3rd of March, and PostgreSQL does not. */
function isDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = [text.slice(0, 4), text.slice(5, 7), text.slice(8, 10)].map(Number);
  return day <= 28 || (day <= new Date(Date.UTC(year, month, 0)).getUTCDate() && year > 0);
}
