import 'reflect-metadata';
import { createHash } from 'node:crypto';
import axios from 'axios';
import { Body, ConflictException, Controller, Headers, HttpCode, Module, Post, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IsObject, IsString } from 'class-validator';
import { DataSource, EntitySchema } from 'typeorm';
import { v7 } from 'uuid';

/*
 * The naive gateway: Nest, a validation pipe, a TypeORM transaction of `save()`s before and after a call with axios. It
 * writes the same rows with the same durability as the others, and checks keys and references with a query first, as in
 * ordinary code. It uses Fastify, because Nest's Express adapter is not a dependency; with Express it would be slower.
 */
const [, providerPort] = process.argv.slice(2);
const APP = '01900000-0000-7000-8000-000000000001';

const column = (name, type, more = {}) => ({ name, type, nullable: true, ...more });
const primary = (name, type) => ({ name, type, primary: true });

const Transaction = new EntitySchema({
  name: 'transactions',
  columns: {
    id: primary('id', 'uuid'),
    appId: primary('app_id', 'uuid'),
    type: column('type', 'text'),
    provider: column('provider', 'text'),
    status: column('status', 'text'),
    reference: column('reference', 'text'),
    scope: column('reference_scope', 'text'),
    key: column('idempotency_key', 'text'),
    mac: column('request_mac', 'bytea'),
    quantity: column('quantity', 'bigint'),
    unit: column('unit', 'text'),
    providerReference: column('provider_reference', 'text'),
    detail: column('detail', 'jsonb'),
    sealed: column('sealed', 'bytea'),
    duplicateMac: column('duplicate_mac', 'bytea'),
    attempts: column('attempts', 'integer'),
    attemptOpen: column('attempt_open', 'boolean'),
    epoch: column('epoch', 'integer'),
    dueAt: column('due_at', 'timestamptz'),
    expiresAt: column('expires_at', 'timestamptz'),
    expectedBy: column('expected_by', 'timestamptz'),
    version: column('version', 'integer'),
    updatedAt: column('updated_at', 'timestamptz'),
    completedAt: column('completed_at', 'timestamptz'),
    covered: column('covered', 'boolean'),
  },
});
const Event = new EntitySchema({
  name: 'transaction_events',
  columns: {
    id: column('id', 'uuid'),
    transactionId: primary('transaction_id', 'uuid'),
    seq: primary('seq', 'integer'),
    appId: primary('app_id', 'uuid'),
    from: column('from_status', 'text'),
    to: column('to_status', 'text'),
    actor: column('actor', 'text'),
    evidence: column('evidence', 'text'),
  },
});
const Entry = new EntitySchema({
  name: 'ledger_entries',
  columns: {
    transactionId: primary('transaction_id', 'uuid'),
    seq: primary('seq', 'integer'),
    phase: primary('phase', 'text'),
    appId: primary('app_id', 'uuid'),
    debit: column('debit_account', 'bigint'),
    credit: column('credit_account', 'bigint'),
    amount: column('amount', 'bigint'),
  },
});
const Balance = new EntitySchema({
  name: 'provider_balances',
  columns: {
    id: primary('id', 'uuid'),
    provider: column('provider', 'text'),
    balance: column('balance', 'numeric'),
    source: column('source', 'text'),
    transactionId: column('transaction_id', 'uuid'),
    begunAt: column('begun_at', 'timestamptz'),
  },
});

const source = new DataSource({
  type: 'postgres',
  url: process.env.DATABASE_URL,
  entities: [Transaction, Event, Entry, Balance],
  poolSize: 20,
  installExtensions: false,
});
await source.initialize();

class TopupDto {}
IsString()(TopupDto.prototype, 'reference');
IsString()(TopupDto.prototype, 'phoneNumber');
IsString()(TopupDto.prototype, 'productId');
IsObject()(TopupDto.prototype, 'amount');

const entryOf = (id, seq, phase, amount) => ({
  transactionId: id,
  seq,
  phase,
  appId: APP,
  debit: 1,
  credit: 2,
  amount,
});
const eventOf = (id, seq, from, to, actor, evidence) => ({
  ...{ id: v7(), transactionId: id, seq, appId: APP, from, to, actor, evidence },
});

class TopupsController {
  async create(order, key) {
    const repository = source.getRepository(Transaction);
    if (await repository.findOneBy({ appId: APP, key })) throw new ConflictException();
    if (await repository.findOneBy({ scope: APP, type: 'topup', reference: order.reference }))
      throw new ConflictException();
    const transaction = newTransaction(order, key);
    await source.transaction(async (manager) => {
      await manager.save(Transaction, transaction);
      await manager.save(Event, eventOf(transaction.id, 1, null, 'pending', `app_${APP}`, 'request'));
      await manager.save(Entry, entryOf(transaction.id, 1, 'hold', transaction.quantity));
    });
    const begunAt = new Date();
    const { data } = await axios.post(`http://127.0.0.1:${providerPort}/latcom/product_purchase`, {
      distributor_transaction_id: transaction.id,
      phone_number: order.phoneNumber,
      product_id: order.productId,
      amount: transaction.quantity / 100,
      operator: 'MOVISTAR',
    });
    Object.assign(transaction, {
      status: 'succeeded',
      providerReference: data.transaction_id,
      detail: { ...transaction.detail, authCode: data.auth_code, rrn: data.reference },
      ...{ attemptOpen: false, dueAt: null, expectedBy: null, version: 2 },
      ...{ updatedAt: new Date(), completedAt: new Date() },
    });
    const { id } = transaction;
    const balance = { id: v7(), provider: 'latcom', balance: data.balance_after, source: 'purchase', begunAt };
    await source.transaction(async (manager) => {
      await manager.save(Transaction, transaction);
      await manager.save(Event, eventOf(id, 2, 'pending', 'succeeded', 'gateway', 'answer'));
      await manager.save(Entry, entryOf(id, 2, 'post', transaction.quantity));
      await manager.save(Balance, { ...balance, transactionId: id });
    });
    return { id: `txn_${id}`, status: transaction.status, reference: transaction.reference };
  }
}

function newTransaction(order, key) {
  const id = v7();
  const mac = createHash('sha256').update(JSON.stringify(order)).digest();
  const inSeconds = (seconds) => new Date(Date.now() + seconds * 1000);
  return {
    ...{ id, appId: APP, type: 'topup', provider: 'latcom', status: 'pending', reference: order.reference, scope: APP },
    ...{ key, mac, quantity: Number.parseInt(order.amount.value, 10) * 100, unit: 'MXN', providerReference: null },
    detail: {
      phoneNumber: order.phoneNumber.slice(-4),
      productId: order.productId,
      operator: 'MOVISTAR',
      distributorTransactionId: id,
    },
    ...{ sealed: Buffer.alloc(270, 7), duplicateMac: mac, attempts: 1, attemptOpen: true, epoch: 1, covered: true },
    ...{
      dueAt: inSeconds(57),
      expiresAt: inSeconds(120),
      expectedBy: inSeconds(45),
      version: 1,
      updatedAt: new Date(),
    },
  };
}

const route = Object.getOwnPropertyDescriptor(TopupsController.prototype, 'create');
Controller('v1/topups')(TopupsController);
Post()(TopupsController.prototype, 'create', route);
HttpCode(201)(TopupsController.prototype, 'create', route);
Body()(TopupsController.prototype, 'create', 0);
Headers('idempotency-key')(TopupsController.prototype, 'create', 1);
Reflect.defineMetadata('design:paramtypes', [TopupDto, String], TopupsController.prototype, 'create');
class AppModule {}
Module({ controllers: [TopupsController] })(AppModule);

const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
app.useGlobalPipes(new ValidationPipe({ transform: true }));
await app.listen(0, '127.0.0.1');
process.send({ port: app.getHttpServer().address().port });
