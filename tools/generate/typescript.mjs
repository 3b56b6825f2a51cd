// The TypeScript face of the schema: offsets, batch columns, constants, errors, config.

export const head = `// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.
`;

const arrays = { f64: 'Float64Array', u32: 'Uint32Array' };

export function tsLayouts(layouts) {
  const parts = [head];
  for (const layout of layouts) {
    parts.push(`\n/** ${layout.doc} Offsets in bytes. */\nexport const ${layout.name} = {\n`);
    parts.push(`  sizeBytes: ${layout.size},\n`);
    for (const field of layout.fields)
      parts.push(`  /** ${field.type}: ${field.doc} */\n  ${field.name}: ${field.offset},\n`);
    parts.push('} as const;\n');
  }
  return parts.join('');
}

export function tsBatches(batches) {
  const parts = [head];
  parts.push('\n/** Rounds up to the 64-byte line every column starts on. */\n');
  parts.push('function lines(bytes: number): number {\n');
  parts.push('  return Math.ceil(bytes / 64) * 64;\n}\n');
  for (const batch of batches) {
    parts.push(`\n/** ${batch.doc} */\nexport interface ${batch.name} {\n`);
    parts.push('  /** How many rows the columns can hold. */\n  readonly capacity: number;\n');
    parts.push('  /** How many rows are filled. */\n  count: number;\n');
    parts.push('  /** The memory behind all columns; what the engine is handed. */\n');
    parts.push('  readonly buffer: ArrayBuffer;\n');
    for (const column of batch.columns)
      parts.push(`  /** ${column.doc} */\n  readonly ${column.name}: ${arrays[column.type]};\n`);
    parts.push('}\n\n');
    const widths = batch.columns.map((column) => (column.type === 'f64' ? 8 : 4));
    parts.push(`/** Allocates a ${batch.name}; done once, outside the hot path. */\n`);
    parts.push(`export function create${batch.name}(capacity: number): ${batch.name} {\n`);
    const eights = widths.filter((width) => width === 8).length;
    const fours = widths.length - eights;
    parts.push(
      `  const buffer = new ArrayBuffer(${eights} * lines(8 * capacity) + ` +
        `${fours} * lines(4 * capacity));\n  let offset = 0;\n`,
    );
    parts.push('  const wide = (): Float64Array => {\n');
    parts.push('    const column = new Float64Array(buffer, offset, capacity);\n');
    parts.push('    offset += lines(8 * capacity);\n    return column;\n  };\n');
    parts.push('  const narrow = (): Uint32Array => {\n');
    parts.push('    const column = new Uint32Array(buffer, offset, capacity);\n');
    parts.push('    offset += lines(4 * capacity);\n    return column;\n  };\n');
    parts.push('  return {\n    capacity,\n    count: 0,\n    buffer,\n');
    for (const column of batch.columns)
      parts.push(`    ${column.name}: ${column.type === 'f64' ? 'wide' : 'narrow'}(),\n`);
    parts.push('  };\n}\n\n');
    parts.push(`/** Row \`row\` of a batch becomes row \`at\` of another, or of the same. */\n`);
    const row = `${batch.name.replace(/Batch$/, '')}Row`;
    const { name: type } = batch;
    parts.push(`export function copy${row}(from: ${type}, row: number, to: ${type}, at: number)`);
    parts.push(': void {\n');
    for (const { name } of batch.columns) parts.push(`  to.${name}[at] = from.${name}[row]!;\n`);
    parts.push('}\n');
  }
  return parts.join('');
}

export function tsConstants(constants) {
  const parts = [head];
  for (const group of constants) {
    parts.push(`\n/** ${group.doc} */\nexport const ${group.name} = {\n`);
    for (const [name, [value, doc]] of Object.entries(group.values))
      parts.push(`  /** ${doc} */\n  ${name}: ${value},\n`);
    parts.push('} as const;\n');
    parts.push(`export type ${group.name} = (typeof ${group.name})[keyof typeof ${group.name}];\n`);
    parts.push(`export type ${group.name}Name = keyof typeof ${group.name};\n`);
    parts.push(`\n/** Names of ${group.name} by number. */\n`);
    const names = `Readonly<Record<number, ${group.name}Name>>`;
    parts.push(`export const ${group.name}Names: ${names} = {\n`);
    for (const [name, [value]] of Object.entries(group.values))
      parts.push(`  ${value}: '${name}',\n`);
    parts.push('};\n');
  }
  return parts.join('');
}

export function tsErrors(errors) {
  const parts = [head, '\n/** What each error means and what helps. */\n'];
  parts.push('export const errorTable = {\n');
  for (const error of errors) {
    parts.push(`  ${error.code}: {\n    number: ${error.number},\n`);
    parts.push(`    meaning: ${quote(error.doc)},\n    hint: ${quote(error.hint)},\n  },\n`);
  }
  parts.push('} as const;\n\nexport type ErrorCode = keyof typeof errorTable;\n');
  return parts.join('');
}

export function quote(text) {
  return text.includes("'") ? JSON.stringify(text) : `'${text}'`;
}

function tsType(key) {
  if (key.type === 'integer' || key.type === 'number') return 'number';
  if (key.type === 'boolean') return 'boolean';
  if (key.type === 'list') return 'readonly string[]';
  if (key.type === 'enum') return key.values.map(quote).join(' | ');
  return 'string';
}

export function tsConfig(keys) {
  const parts = [head];
  const groups = new Map();
  for (const key of keys) {
    const [first, second] = key.key.split('.');
    const group = second === undefined ? '' : first;
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push({ ...key, name: second ?? first });
  }
  parts.push('\n/** The whole configuration, validated. */\nexport interface ConfigValues {\n');
  for (const [group, members] of groups) {
    const indent = group === '' ? '  ' : '    ';
    if (group !== '') parts.push(`  readonly ${group}: {\n`);
    for (const member of members)
      parts.push(
        `${indent}/** ${member.doc} */\n`,
        `${indent}readonly ${member.name}: ${tsType(member)};\n`,
      );
    if (group !== '') parts.push('  };\n');
  }
  parts.push('}\n\n/** One configuration key as declared. */\nexport interface ConfigKey {\n');
  parts.push('  readonly key: string;\n');
  parts.push("  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'enum' | 'list';\n");
  parts.push('  readonly default: string | number | boolean | readonly string[];\n');
  parts.push('  readonly doc: string;\n  readonly values?: readonly string[];\n');
  parts.push('  readonly min?: number;\n  readonly max?: number;\n');
  parts.push('  readonly secret: boolean;\n}\n\n');
  parts.push('export const configKeys: readonly ConfigKey[] = [\n');
  for (const key of keys) {
    parts.push(`  {\n    key: '${key.key}',\n    type: '${key.type}',\n`);
    parts.push(`    default: ${literal(key.default)},\n    doc: ${quote(key.doc)},\n`);
    if (key.values) parts.push(`    values: ${literal(key.values)},\n`);
    if (key.min !== undefined) parts.push(`    min: ${key.min},\n`);
    if (key.max !== undefined) parts.push(`    max: ${key.max},\n`);
    parts.push(`    secret: ${key.secret ?? false},\n  },\n`);
  }
  parts.push('];\n');
  return parts.join('');
}

function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  return typeof value === 'string' ? quote(value) : String(value);
}
