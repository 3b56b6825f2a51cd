// Turns packages/protocol/schema into what reads it: C++ structs with static_asserts, TypeScript
// offsets, types and message codecs, and the tables in the docs.
//
//   node tools/generate.mjs           write the files
//   node tools/generate.mjs --check   compare with the files; list what differs; exit 1

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cppColumns } from './generate/columns.mjs';
import { cppConstants, cppErrors, cppLayouts } from './generate/cpp.mjs';
import { cppTables, tablesDoc, tsTables } from './generate/tables.mjs';
import { configDoc, constantsDoc, errorsDoc, layoutsDoc, messagesDoc } from './generate/docs.mjs';
import { placeLayouts } from './generate/place.mjs';
import { tsBatches, tsConfig, tsConstants, tsErrors, tsLayouts } from './generate/typescript.mjs';
import { tsMessages } from './generate/messages.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const schemaDir = join(root, 'packages/protocol/schema');

async function load(name) {
  return import(pathToFileURL(join(schemaDir, name)).href);
}

async function loadLayouts() {
  const layouts = [];
  for (const file of readdirSync(join(schemaDir, 'layouts')).sort()) {
    const module = await load(`layouts/${file}`);
    for (const [name, value] of Object.entries(module))
      if (name.endsWith('Layouts')) layouts.push(...value);
  }
  return placeLayouts(layouts);
}

/** @returns {Promise<Map<string, string>>} path below the root -> text */
export async function generateAll() {
  const layouts = await loadLayouts();
  const { batches } = await load('layouts/batch.mjs');
  const { constants } = await load('constants.mjs');
  const { tables } = await load('tables.mjs');
  const { errors } = await load('errors.mjs');
  const { configKeys } = await load('config.mjs');
  const { messages } = await load('messages.mjs');
  const ts = 'packages/protocol/src/generated';
  const cpp = 'packages/native/engine/generated';
  return new Map([
    [`${ts}/layouts.ts`, tsLayouts(layouts)],
    [`${ts}/batches.ts`, tsBatches(batches)],
    [`${ts}/constants.ts`, tsConstants(constants)],
    [`${ts}/tables.ts`, tsTables(tables)],
    [`${ts}/errors.ts`, tsErrors(errors)],
    [`${ts}/config.ts`, tsConfig(configKeys)],
    [`${ts}/messages.ts`, tsMessages(messages)],
    [`${cpp}/layouts.h`, cppLayouts(layouts)],
    [`${cpp}/columns.h`, cppColumns(batches, layouts)],
    [`${cpp}/constants.h`, cppConstants(constants)],
    [`${cpp}/tables.h`, cppTables(tables)],
    [`${cpp}/errors.h`, cppErrors(errors)],
    ['docs/config.md', configDoc(configKeys)],
    ['docs/protocol/errors.md', errorsDoc(errors)],
    ['docs/protocol/constants.md', constantsDoc(constants)],
    ['docs/protocol/messages.md', messagesDoc(messages)],
    ['docs/formats/tables.md', tablesDoc(tables)],
    ['docs/formats/layouts.md', layoutsDoc(layouts, batches)],
  ]);
}

async function main() {
  const check = process.argv.includes('--check');
  const stale = [];
  for (const [path, text] of await generateAll()) {
    const full = join(root, path);
    let now = '';
    try {
      now = readFileSync(full, 'utf8');
    } catch {
      now = '';
    }
    if (now === text) continue;
    stale.push(path);
    if (check) continue;
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
    console.log(`wrote ${path}`);
  }
  if (check && stale.length > 0) {
    console.error(`differ from the schema (run: npm run generate):\n  ${stale.join('\n  ')}`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
