// Codecs for the messages of the schema: an interface, an encoder and a decoder per message.

import { head } from './typescript.mjs';

const tsTypes = {
  u8: 'number',
  u16: 'number',
  u32: 'number',
  i32: 'number',
  f64: 'number',
  i64: 'bigint',
  money: 'bigint',
  time: 'Time',
  str: 'string',
};

/** Of a field that an older message does not have. */
const empty = { money: '0n', i64: '0n', str: "''", u32: '0' };

function read({ type, since }) {
  const value = `reader.${type}()`;
  return since === undefined ? value : `reader.version < ${since} ? ${empty[type]} : ${value}`;
}

/** What only older messages have is read and dropped, in its place. */
function decodedApart(fields) {
  const lines = fields.map((field) =>
    field.until === undefined
      ? `  const ${field.name} = ${read(field)};\n`
      : `  if (reader.version <= ${field.until}) reader.${field.type}();\n`,
  );
  const names = fields.filter(({ until }) => until === undefined).map(({ name }) => name);
  return `${lines.join('')}  reader.finish();\n  return { ${names.join(', ')} };\n}\n`;
}

export function tsMessages(messages) {
  const parts = [head, "\nimport { MessageReader, MessageWriter } from '../message-codec.js';\n"];
  parts.push("import type { Time } from '../time.js';\n");
  parts.push('\n/** Kinds of messages by name. */\nexport const MessageKind = {\n');
  for (const message of messages)
    parts.push(`  /** ${message.doc} */\n  ${message.name}: ${message.kind},\n`);
  parts.push('} as const;\n');
  for (const message of messages) {
    const name = message.name;
    parts.push(`\n/** ${message.doc} */\nexport interface ${name} {\n`);
    const fields = message.fields.filter(({ until }) => until === undefined);
    for (const field of fields) {
      const isNew = field.since === undefined ? '' : '?';
      parts.push(
        `  /** ${field.doc} */\n  readonly ${field.name}${isNew}: ${tsTypes[field.type]};\n`,
      );
    }
    parts.push(`}\n\nexport function encode${name}(message: ${name}): Uint8Array {\n`);
    parts.push(`  const writer = new MessageWriter(${message.kind}, ${message.version});\n`);
    for (const { name, type, since } of fields)
      parts.push(
        `  writer.${type}(message.${name}${since === undefined ? '' : ` ?? ${empty[type]}`});\n`,
      );
    parts.push('  return writer.finish();\n}\n');
    parts.push(`\nexport function decode${name}(bytes: Uint8Array): ${name} {\n`);
    parts.push(`  const reader = new MessageReader(bytes, ${message.kind}, ${message.version});\n`);
    if (fields.length < message.fields.length) parts.push(decodedApart(message.fields));
    else {
      parts.push('  const message = {\n');
      for (const field of fields) parts.push(`    ${field.name}: ${read(field)},\n`);
      parts.push('  };\n  reader.finish();\n  return message;\n}\n');
    }
  }
  return parts.join('');
}
