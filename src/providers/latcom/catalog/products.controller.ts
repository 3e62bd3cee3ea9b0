import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Administers, Inspects } from '../../../access/admin/admin-routes.js';
import { Caller, type OperatorCaller } from '../../../access/index.js';
import { cursorOfText } from '../../../api/pagination.js';
import { CatalogAdmin, type CatalogProduct } from './catalog-admin.service.js';
import {
  CatalogProductDto,
  CreateProductDto,
  ProductPageDto,
  ProductQueryDto,
  UpdateProductDto,
} from './products.dto.js';
import { toPesos } from '../pesos.dto.js';
import { presentProduct } from './product.dto.js';

/** LATCOM's catalog: the products that apps can buy at `POST /v1/topups`. */
@Controller('v1/admin/products')
@ApiTags('Administration')
export class ProductsController {
  constructor(private readonly catalog: CatalogAdmin) {}

  /** Add a product, or reactivate a retired one; takes effect within 5 s. */
  @Post()
  @Administers({ created: CatalogProductDto })
  async create(@Body() dto: CreateProductDto, @Caller() caller: OperatorCaller): Promise<CatalogProductDto> {
    const { productId, description, operator, minAmount, maxAmount } = dto;
    const priced = { minPesos: toPesos(minAmount), maxPesos: toPesos(maxAmount) };
    return present(await this.catalog.create({ productId, description, operator, ...priced }, caller));
  }

  /** List products, by id. */
  @Get()
  @Inspects(ProductPageDto)
  async list(@Query() { limit, after }: ProductQueryDto): Promise<ProductPageDto> {
    const found = await this.catalog.list(limit + 1, after);
    const data = found.slice(0, limit).map(present);
    const last = found.length > limit ? data.at(-1) : undefined;
    return { data, nextCursor: last ? cursorOfText(last.productId) : null };
  }

  /** Get one product. */
  @Get(':productId')
  @Inspects(CatalogProductDto)
  async read(@Param('productId') productId: string): Promise<CatalogProductDto> {
    return present(await this.catalog.read(productId));
  }

  /** Change a product; takes effect within 5 s. Purchases recorded earlier keep their amount and operator. */
  @Patch(':productId')
  @Administers({ ok: CatalogProductDto })
  async update(
    @Param('productId') productId: string,
    @Body() { description, operator, minAmount, maxAmount }: UpdateProductDto,
    @Caller() caller: OperatorCaller,
  ): Promise<CatalogProductDto> {
    const changes = {
      ...(description !== undefined && { description }),
      ...(operator !== undefined && { operator }),
      ...(minAmount && { minPesos: toPesos(minAmount) }),
      ...(maxAmount && { maxPesos: toPesos(maxAmount) }),
    };
    return present(await this.catalog.update(productId, changes, caller));
  }

  /** Retire a product; takes effect within 5 s. Purchases recorded earlier continue. */
  @Delete(':productId')
  @Administers({})
  async retire(@Param('productId') productId: string, @Caller() caller: OperatorCaller): Promise<void> {
    await this.catalog.retire(productId, caller);
  }
}

function present(product: CatalogProduct): CatalogProductDto {
  return {
    ...presentProduct(product),
    createdAt: product.createdAt.toISOString(),
    updatedAt: product.updatedAt.toISOString(),
  };
}
