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
    for (const field of message.fields)
      parts.push(`  /** ${field.doc} */\n  readonly ${field.name}: ${tsTypes[field.type]};\n`);
    parts.push(`}\n\nexport function encode${name}(message: ${name}): Uint8Array {\n`);
    parts.push(`  const writer = new MessageWriter(${message.kind}, ${message.version});\n`);
    for (const field of message.fields)
      parts.push(`  writer.${field.type}(message.${field.name});\n`);
    parts.push('  return writer.finish();\n}\n');
    parts.push(`\nexport function decode${name}(bytes: Uint8Array): ${name} {\n`);
    parts.push(`  const reader = new MessageReader(bytes, ${message.kind}, ${message.version});\n`);
    parts.push('  const message = {\n');
    for (const field of message.fields) parts.push(`    ${field.name}: reader.${field.type}(),\n`);
    parts.push('  };\n  reader.finish();\n  return message;\n}\n');
  }
  return parts.join('');
}
