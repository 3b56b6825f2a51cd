#!/usr/bin/env node
// The `ndts` command as npm links it. A file of its own, because npm links what is there when it
// installs, and the compiled program comes after that.

import { existsSync } from 'node:fs';

const program = new URL('../dist/main.js', import.meta.url);
if (existsSync(program)) await import(program.href);
else {
  process.stderr.write('ndts is not built yet; run: npm run setup\n');
  process.exitCode = 1;
}
