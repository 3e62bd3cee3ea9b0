import { Module } from '@nestjs/common';
import { Ledger } from './ledger.service.js';
import { LedgerReader } from './reads/ledger-reader.service.js';
import { TransactionWatcher } from './reads/transaction-watcher.service.js';

/** Writes and reads of the ledger, and waiting for its changes. */
@Module({
  providers: [Ledger, LedgerReader, TransactionWatcher],
  exports: [Ledger, LedgerReader, TransactionWatcher],
})
export class LedgerModule {}
