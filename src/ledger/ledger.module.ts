import { Module } from '@nestjs/common';
import { Ledger } from './ledger.service.js';
import { LedgerReader } from './reads/ledger-reader.service.js';

@Module({ providers: [Ledger, LedgerReader], exports: [Ledger, LedgerReader] })
export class LedgerModule {}
