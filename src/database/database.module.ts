import { Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { AppVault } from '../crypto/app-vault.js';
import { Vault } from '../crypto/gateway-vault.js';
import { Database } from './database.js';
import { poolOf } from './data-source.js';

/**
 * The configuration, the database and the keys, for every module. The code that starts the process opens the data
 * source before the application is created and closes it after the application has ended, so that draining work keeps
 * its connection.
 */
@Module({})
export class DatabaseModule {
  static register(config: Config, source: DataSource): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      providers: [
        { provide: Config, useValue: config },
        { provide: DataSource, useValue: source },
        { provide: Database, useFactory: () => new Database(poolOf(source)) },
        { provide: Vault, useFactory: () => new Vault(masterKeyOf(config)) },
        { provide: AppVault, useFactory: newAppVault, inject: [Database, Vault] },
      ],
      exports: [Config, DataSource, Database, Vault, AppVault],
    };
  }
}

function newAppVault(database: Database, vault: Vault): AppVault {
  return new AppVault(database, vault);
}

function masterKeyOf({ encryptionKey }: Config): Buffer {
  if (!encryptionKey) throw new Error('the encryption key must exist before the application is created');
  return encryptionKey;
}
