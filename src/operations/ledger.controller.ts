import { Controller, Get } from '@nestjs/common';
import { Operator } from '../access/index.js';
import { publicId } from '../ids.js';
import { LedgerReader, type AccountBalance } from '../ledger/reader.js';
import { formatQuantity } from '../ledger/units.js';
import { Reads } from './docs.js';
import { BalanceListDto, type BalanceDto } from './balance.dto.js';

/** What is held and posted. */
@Controller('v1/admin/ledger')
@Operator('viewer')
export class LedgerController {
  constructor(private readonly reader: LedgerReader) {}

  /** Held and posted per account and unit; each unit sums to zero over all accounts. */
  @Get('balances')
  @Reads(BalanceListDto)
  async balances(): Promise<BalanceListDto> {
    const balances = await this.reader.balances();
    return { data: balances.map(present) };
  }
}

function present({ ownerKind, owner, unit, held, posted }: AccountBalance): BalanceDto {
  return {
    account: ownerKind === 'app' ? publicId('app', owner) : owner,
    kind: ownerKind,
    unit,
    held: formatQuantity(held, unit).value,
    posted: formatQuantity(posted, unit).value,
  };
}
