import { Module } from '@nestjs/common';
import { Ledger } from './ledger.js';
import { LedgerReader } from './reader.js';

@Module({ providers: [Ledger, LedgerReader], exports: [Ledger, LedgerReader] })
export class LedgerModule {}
