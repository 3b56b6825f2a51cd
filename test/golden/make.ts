// Writes the golden database of the present version: node test/dist/golden/make.js DIR
// Run once per version of a format; what it wrote is kept for ever and never written again.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeGolden } from './content.js';

const dir = process.argv[2];
if (dir === undefined) throw new Error('expected a folder');
const database = join(dir, 'database');
const staging = join(dir, 'staging');
mkdirSync(database, { recursive: true });
mkdirSync(staging, { recursive: true });
await writeGolden(database, staging);
