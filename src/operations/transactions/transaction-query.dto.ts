import { Optional } from '../../api/optional.js';
import { ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, Length, Matches } from 'class-validator';
import { PageQueryDto } from '../../api/pagination.js';
import { parseId } from '../../common/ids.js';
import type { TransactionFilter } from '../../ledger/reads/ledger-reader.service.js';
import { STATUSES } from '../../ledger/model/transaction.js';
import { PROVIDERS, TRANSACTION_TYPES } from '../../providers/declared.js';
import { readDateTime } from '../../readers/date-time.js';
import { comparable } from '../../readers/user-text.js';
import { IsDateTime } from '../http/field.validators.js';

export class TransactionQueryDto extends PageQueryDto {
  @Optional()
  @IsIn(TRANSACTION_TYPES)
  @ApiPropertyOptional({ enum: TRANSACTION_TYPES })
  type?: string;

  @Optional()
  @IsIn(PROVIDERS)
  @ApiPropertyOptional({ enum: PROVIDERS })
  provider?: string;

  @Optional()
  @IsIn(STATUSES)
  @ApiPropertyOptional({ enum: STATUSES })
  status?: string;

  @Optional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? comparable(value) : value))
  @Length(1, 50)
  reference?: string;

  /** Created at or after this time. */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  createdFrom?: string;

  /** Created before this time. */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  createdTo?: string;

  /** Changed at or after this time. */
  @Optional()
  @IsDateTime()
  @ApiPropertyOptional({ type: String, format: 'date-time' })
  updatedFrom?: string;
}

export class AdminTransactionQueryDto extends TransactionQueryDto {
  /** Only transactions of this app. */
  @Optional()
  @Matches(/^app_[0-9a-f-]{36}$/, { message: 'must be an app id (app_…)' })
  appId?: string;
}

const PAGE = ['limit', 'cursor', 'before'] as const;

const BOM_MESSAGE = 'must be true or false';

/** The filters of the list, for all of it at once. */
export class ExportQueryDto extends OmitType(TransactionQueryDto, PAGE) {
  /** `true`: the CSV begins with a byte order mark, so that spreadsheets read it as UTF-8. */
  @Optional()
  @IsIn(['true', 'false'], { message: BOM_MESSAGE })
  @ApiPropertyOptional({ enum: ['true', 'false'], default: 'false' })
  bom?: string;
}

export class AdminExportQueryDto extends OmitType(AdminTransactionQueryDto, PAGE) {
  /** `true`: the CSV begins with a byte order mark, so that spreadsheets read it as UTF-8. */
  @Optional()
  @IsIn(['true', 'false'], { message: BOM_MESSAGE })
  @ApiPropertyOptional({ enum: ['true', 'false'], default: 'false' })
  bom?: string;
}

export class ExpandQueryDto {
  /** `personal`: personal data in clear, for the app that sent it. */
  @Optional()
  @IsIn(['personal'])
  @ApiPropertyOptional({ enum: ['personal'] })
  expand?: string;
}

export class ExpandEventsQueryDto {
  /** `deliveries`: each event with the webhooks that report it to the app's endpoints. */
  @Optional()
  @IsIn(['deliveries'])
  @ApiPropertyOptional({ enum: ['deliveries'] })
  expand?: string;
}

export function filterOf(query: ExportQueryDto & { appId?: string }): TransactionFilter {
  const { type, provider, status, reference, appId } = query;
  return {
    appId: appId === undefined ? undefined : (parseId('app', appId) ?? undefined),
    type,
    provider,
    status,
    reference,
    createdFrom: dateOf(query.createdFrom),
    createdTo: dateOf(query.createdTo),
    updatedFrom: dateOf(query.updatedFrom),
  };
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : (readDateTime(text) ?? undefined);
}
