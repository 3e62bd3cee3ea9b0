import { writeFileSync } from 'node:fs';
import { envExample } from '../config/env-example.js';

/** `node dist/cli/env-example.js [file]`: writes `.env.example`, to stdout without a file. */
const file = process.argv[2];
if (file === undefined) process.stdout.write(envExample());
else writeFileSync(file, envExample());
