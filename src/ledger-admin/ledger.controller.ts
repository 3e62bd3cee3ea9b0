import { Controller, Get, Query } from '@nestjs/common';
import { Operator } from '../access/index.js';
import { Database } from '../database/database.js';
import { publicId } from '../common/ids.js';
import { readAccounts, readBalances, type Account, type AccountBalance } from '../ledger/reads/ledger-balances.js';
import { formatQuantity } from '../providers/units.js';
import { verifyLedger, type Fault } from '../ledger/chain/verifier.js';
import { readDateTime } from '../readers/date-time.js';
import {
  AccountListDto,
  BalanceListDto,
  BalanceQueryDto,
  VerificationDto,
  VerificationQueryDto,
  type AccountDto,
  type BalanceDto,
  type LedgerFaultDto,
} from './ledger.dto.js';
import { Reads } from '../operations/http/openapi.decorators.js';

/** Accounts, balances and verification of the ledger. */
@Controller('v1/admin/ledger')
@Operator('viewer')
export class LedgerController {
  constructor(private readonly database: Database) {}

  /** List the ledger's accounts. */
  @Get('accounts')
  @Reads(AccountListDto)
  async accounts(): Promise<AccountListDto> {
    const accounts = await readAccounts(this.database);
    return { data: accounts.map((one) => ({ ...accountOf(one), openedAt: one.openedAt.toISOString() })) };
  }

  /** Get held and posted amounts per account and unit, now or in the past. Each unit sums to zero over all accounts. */
  @Get('balances')
  @Reads(BalanceListDto)
  async balances(@Query() { at, by = 'known' }: BalanceQueryDto): Promise<BalanceListDto> {
    const balances = await readBalances(this.database, at === undefined ? null : readDateTime(at), by);
    return { data: balances.map(present) };
  }

  /**
   * Verify every sealed row against its seal, and every transaction against its rows. A million rows take a few
   * seconds.
   */
  @Get('verify')
  @Reads(VerificationDto)
  async verify(@Query() query: VerificationQueryDto): Promise<VerificationDto> {
    const kept = query.head === undefined ? null : Buffer.from(query.head, 'hex');
    const { fault, seals, rows, unsealed, sealedUntil, head } = await verifyLedger(this.database, kept);
    return {
      ok: fault === null,
      fault: fault && describe(fault),
      seals,
      rows,
      unsealed,
      sealedUntil: sealedUntil?.toISOString() ?? null,
      head: head.toString('hex'),
    };
  }
}

function accountOf({ ownerKind, owner, unit }: Omit<Account, 'openedAt'>): AccountDto {
  return { account: ownerKind === 'app' ? publicId('app', owner) : owner, kind: ownerKind, unit };
}

function present(balance: AccountBalance): BalanceDto {
  const { unit, held, posted } = balance;
  return {
    ...accountOf(balance),
    held: formatQuantity(held, unit).value,
    posted: formatQuantity(posted, unit).value,
  };
}

const FAULT_TEXTS: Readonly<Record<Fault['kind'], string>> = {
  row_changed: 'A row has changed since it was sealed.',
  row_missing: 'A sealed row is missing.',
  row_added: 'A row was added to a period that was already sealed.',
  seal_changed: 'A seal does not match its predecessor and its rows.',
  seal_missing: 'A seal is missing from the chain.',
  status_differs: "A transaction's status differs from that of its last event.",
  amount_differs: "A transaction's quantity and status do not match its entries.",
  transaction_missing: 'A transaction is missing, but its rows exist.',
  balance_differs: 'The balance stored with a seal differs from the sum of its entries.',
  head_missing: 'No seal of the chain has the requested hash: the chain was truncated or rebuilt.',
  unit_unbalanced: 'The balances of a unit do not sum to zero.',
};

function describe(fault: Fault): LedgerFaultDto {
  const nothing = { sealNo: null, transactionId: null, seq: null, row: null };
  const common = { ...nothing, kind: fault.kind, detail: FAULT_TEXTS[fault.kind] };
  if ('row' in fault) {
    const { transactionId, seq, kind: row } = fault.row;
    return { ...common, sealNo: Number(fault.sealNo), transactionId: publicId('txn', transactionId), seq, row };
  }
  if ('account' in fault) {
    const { sealNo, account, unit } = fault;
    return { ...common, sealNo: Number(sealNo), detail: `${common.detail} Account: ${account}, ${unit}.` };
  }
  if ('sealNo' in fault) return { ...common, sealNo: Number(fault.sealNo) };
  if ('transactionId' in fault) return { ...common, transactionId: publicId('txn', fault.transactionId) };
  return 'unit' in fault ? { ...common, detail: `${common.detail} Unit: ${fault.unit}.` } : common;
}
