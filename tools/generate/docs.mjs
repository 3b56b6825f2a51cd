// The tables in the docs that follow from the schema.

const origin = 'Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.';
export const note = `\n<!-- ${origin} -->\n\n`;

export function table(header, rows) {
  const cellText = (cell) => String(cell).replaceAll('|', '\\|');
  const line = (cells) => `| ${cells.map(cellText).join(' | ')} |\n`;
  return line(header) + line(header.map(() => '---')) + rows.map(line).join('');
}

export function configDoc(keys) {
  const rows = keys.map((key) => {
    let range = key.type;
    if (key.values) range = key.values.join(', ');
    if (key.min !== undefined) range += ` from ${key.min}`;
    if (key.max !== undefined) range += ` to ${key.max}`;
    const shown = Array.isArray(key.default) ? key.default.join(', ') : key.default;
    return [`\`${key.key}\``, range, `\`${shown}\``, key.doc];
  });
  return (
    `# Configuration\n${note}` +
    'Default < file (`--config FILE`, YAML or TOML) < environment < flag (`--a.b=value`). ' +
    'The environment name of `a.bC` is `NDTS_A_B_C`. An unknown key is refused with the nearest ' +
    'known name.\n\n' +
    table(['key', 'type', 'default', 'what it is'], rows)
  );
}

export function errorsDoc(errors) {
  const rows = errors.map((e) => [`\`${e.code}\``, e.number, e.doc, e.hint]);
  return `# Errors\n${note}${table(['code', 'number', 'meaning', 'what helps'], rows)}`;
}

export function constantsDoc(constants) {
  let text = `# Constants\n${note}`;
  for (const group of constants) {
    const values = Object.entries(group.values);
    const rows = values.map(([name, [value, doc]]) => [`\`${name}\``, value, doc]);
    text += `## ${group.name}\n\n${group.doc}\n\n${table(['name', 'number', 'meaning'], rows)}\n`;
  }
  return `${text.trimEnd()}\n`;
}

function versionsOf({ since, until }) {
  if (until !== undefined) return `; up to version ${until} alone`;
  return since === undefined ? '' : `; since version ${since}`;
}

export function messagesDoc(messages) {
  let text =
    `# Messages\n${note}u16 kind, u16 version, then the fields in order, little-endian, ` +
    'unaligned. `time` is int64 nanoseconds since 1970; `money` is int64 scaled by 1e8; `str` ' +
    'is a u16 length and UTF-8. A reader takes an older version and refuses a newer one: a field ' +
    'that came later is empty in an older message, one that went is read and dropped.\n\n';
  for (const message of messages) {
    const rows = message.fields.map((f) => [`\`${f.name}\``, f.type, f.doc + versionsOf(f)]);
    text += `## ${message.name} (kind ${message.kind}, version ${message.version})\n\n`;
    text += `${message.doc}\n\n${table(['field', 'type', 'meaning'], rows)}\n`;
  }
  return `${text.trimEnd()}\n`;
}

export function layoutsDoc(layouts, batches) {
  let text = `# Layouts\n${note}Little-endian. Reserved bytes are zero and checked.\n\n`;
  for (const layout of layouts) {
    const rows = layout.fields.map((f) => [f.offset, `\`${f.name}\``, f.type, f.doc]);
    text += `## ${layout.name} (${layout.size} bytes)\n\n${layout.doc}\n\n`;
    text += `${table(['offset', 'field', 'type', 'meaning'], rows)}\n`;
  }
  for (const batch of batches) {
    const rows = batch.columns.map((f) => [`\`${f.name}\``, f.type, f.doc]);
    text += `## ${batch.name} (columns)\n\n${batch.doc}\n\n`;
    text += `${table(['column', 'type', 'meaning'], rows)}\n`;
  }
  return `${text.trimEnd()}\n`;
}
