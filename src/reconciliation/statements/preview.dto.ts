import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Quantity } from '../../ledger/model/units.js';
import { QuantityDto } from '../../operations/transactions/transaction.dto.js';
import { BadLineDto, PeriodDto, StatementFormatDto } from '../runs/reconciliation.dto.js';

/** A line as it is read. Columns that are not read are left out. */
export class SampleLineDto {
  /** Line number in the file, from 1. */
  @ApiProperty({ type: 'integer' })
  line!: number;
  /** The result that the line reports; null: the line cannot be read. */
  @ApiProperty({ type: String, enum: ['succeeded', 'failed', 'pending', 'reversal', null], nullable: true })
  outcome!: string | null;
  /** The gateway's transaction id, as the provider repeats it. */
  @ApiProperty({ type: String, nullable: true })
  transactionId!: string | null;
  @ApiProperty({ type: String, nullable: true })
  providerReference!: string | null;
  @ApiProperty({ type: String, nullable: true })
  reference!: string | null;
  /** Absent: the line has no amount. */
  @ApiPropertyOptional({ type: QuantityDto })
  quantity?: Quantity;
  /** Time of the line, in UTC. */
  @ApiProperty({ type: String, nullable: true })
  at!: string | null;
  /** Absent: the line can be read. */
  @ApiPropertyOptional({ type: BadLineDto })
  problem?: BadLineDto;
}

/** How a statement is read, and the breaks that it would open. Nothing is stored. */
export class StatementPreviewDto {
  format!: StatementFormatDto;
  period!: PeriodDto;
  @ApiProperty({ type: 'integer' })
  lines!: number;
  @ApiProperty({ type: 'integer' })
  pendingLines!: number;
  @ApiProperty({ type: 'integer' })
  badLineCount!: number;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  badLineCounts!: Readonly<Record<string, number>>;
  /** The first 100 bad lines. */
  @ApiProperty({ type: [BadLineDto] })
  badLines!: BadLineDto[];
  /** Valid lines that match a transaction of the gateway. */
  @ApiProperty({ type: 'integer' })
  matchedLines!: number;
  /** Number of breaks that it would open, by class. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  counts!: Readonly<Record<string, number>>;
  /** The first 20 lines. */
  @ApiProperty({ type: [SampleLineDto] })
  sample!: SampleLineDto[];
}

export const PREVIEW_EXAMPLE = {
  format: {
    delimiter: ';',
    encoding: 'windows-1252',
    headerLine: 2,
    columns: { distributor_transaction_id: 1, status: 2, amount: 3, date: 4 },
    names: { distributor_transaction_id: 'ID', status: 'Estado', amount: 'Importe', date: 'Fecha' },
    decimal: ',',
    thousands: null,
    dates: 'dd/mm/yyyy',
    timeZone: 'America/Mexico_City',
  },
  period: { from: '2026-11-20T06:00:00.000Z', to: '2026-11-21T05:58:12.000Z', source: 'lines' },
  lines: 2,
  pendingLines: 0,
  badLineCount: 1,
  badLineCounts: { id_mangled: 1 },
  badLines: [
    {
      line: 4,
      column: 'distributor_transaction_id',
      code: 'id_mangled',
      message: 'has an id that a spreadsheet turned into a number: import the column as text',
    },
  ],
  matchedLines: 1,
  counts: { cutoff_timing: 3 },
  sample: [
    {
      line: 3,
      outcome: 'succeeded',
      transactionId: 'txn_019aa3c5-7d2e-7c3b-9d6b-0d9f2f1d4a11',
      providerReference: null,
      reference: null,
      quantity: { value: '10.00', unit: 'MXN' },
      at: '2026-11-20T20:10:36Z',
    },
    {
      line: 4,
      outcome: null,
      transactionId: null,
      providerReference: null,
      reference: null,
      at: null,
      problem: {
        line: 4,
        column: 'distributor_transaction_id',
        code: 'id_mangled',
        message: 'has an id that a spreadsheet turned into a number: import the column as text',
      },
    },
  ],
};
