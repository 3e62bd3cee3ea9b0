import { Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { AppVault } from '../crypto/app-vault.js';
import { Vault } from '../crypto/gateway-vault.js';
import { Database } from './database.js';
import { poolOf } from './data-source.js';

/**
 * The configuration, the database and the keys, for every module. The data source is opened before the application is
 * made and closed after it has ended, by whoever starts the process: nothing that drains loses its connection.
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
  if (!encryptionKey) throw new Error('the encryption key is made before the application');
  return encryptionKey;
}
