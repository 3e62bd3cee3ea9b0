// These four come first in every test file: loaded later, from a CommonJS package, they end in ERR_REQUIRE_CYCLE_MODULE.
import 'reflect-metadata';
import '@nestjs/common';
import '@nestjs/core';
import '@nestjs/platform-fastify';
