// The built-in tables: their schemas for both languages and for the docs.

import { pascal } from './cpp.mjs';
import { note, table } from './docs.mjs';
import { head } from './typescript.mjs';

function split(type) {
  return { type: type.replace('?', ''), nullable: type.endsWith('?') };
}

/** book_change: bookChange */
function camel(name) {
  return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
}

export function cppTables(tables) {
  const parts = [
    head,
    '#pragma once\n\n#include <cstdint>\n\n#include "generated/constants.h"\n\n',
    'namespace ndts {\n\nstruct BuiltInColumn {\n  const char* name;\n  ValueType type;\n',
    '  bool nullable;\n};\n',
  ];
  for (const one of tables) {
    parts.push(`\n// ${one.doc}\n`);
    parts.push(
      `inline constexpr const char* k${pascal(camel(one.name))}TableName = "${one.name}";\n`,
    );
    parts.push(`inline constexpr BuiltInColumn k${pascal(camel(one.name))}Columns[] = {\n`);
    for (const column of one.columns) {
      const { type, nullable } = split(column.type);
      parts.push(`    {"${column.name}", ValueType::k${pascal(type)}, ${nullable}},\n`);
    }
    parts.push('};\n');
  }
  parts.push('\n}  // namespace ndts\n');
  return parts.join('');
}

export function tsTables(tables) {
  const parts = [head, "\nimport type { TableSchema } from '../table-schema.js';\n"];
  for (const one of tables) {
    parts.push(`\n/** ${one.doc} */\nexport const ${camel(one.name)}Schema: TableSchema = {\n`);
    parts.push(`  name: '${one.name}',\n  columns: [\n`);
    for (const column of one.columns) {
      const { type, nullable } = split(column.type);
      const last = nullable ? ', nullable: true' : '';
      parts.push(`    { name: '${column.name}', type: '${type}'${last} },\n`);
    }
    parts.push('  ],\n};\n');
  }
  return parts.join('');
}

export function tablesDoc(tables) {
  let text = `# Built-in tables\n${note}`;
  text += 'Every table has time, symbol, sequence and epoch. Rows are ordered by (symbol, time, ';
  text += 'sequence).\n\n';
  for (const one of tables) {
    const rows = one.columns.map((column) => {
      const { type, nullable } = split(column.type);
      return [`\`${column.name}\``, nullable ? `${type}, nullable` : type, column.doc];
    });
    text += `## ${one.name}\n\n${one.doc}\n\n${table(['column', 'type', 'meaning'], rows)}\n`;
  }
  return `${text.trimEnd()}\n`;
}
