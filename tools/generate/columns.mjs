// The C++ face of the batches: their columns as typed pointers, and which field of a ring's slot
// each column is.

import { head, pascal, snake } from './cpp.mjs';

/** What every slot begins with; the engine knows these fields itself. */
const common = ['time', 'symbol', 'flags'];

function widthOf(column) {
  return column.type === 'f64' ? 8 : 4;
}

function columnsStruct(batch, name) {
  const parts = [
    `\n// The columns of a ${batch.name} as typed pointers into its one buffer: a view\n`,
  ];
  parts.push(`// that is made anew for every call.\nstruct ${name} {\n`);
  for (const { name: column, type } of batch.columns)
    parts.push(`  ${type === 'f64' ? 'double' : 'std::uint32_t'}* ${snake(column)};\n`);
  const count = (width) => batch.columns.filter((one) => widthOf(one) === width).length;
  parts.push(`
  // Bytes of a whole batch; a caller checks its buffer against this before make().
  [[nodiscard]] static constexpr std::size_t batch_bytes(std::size_t capacity) {
    return ${count(8)} * batch_column_bytes(capacity, 8) +
           ${count(4)} * batch_column_bytes(capacity, 4);
  }
  [[nodiscard]] static ${name} make(void* buffer, std::size_t capacity) {
    auto* next = static_cast<std::byte*>(buffer);
    const auto wide = [&next, capacity] {
      auto* column = reinterpret_cast<double*>(next);
      next += batch_column_bytes(capacity, 8);
      return column;
    };
    const auto narrow = [&next, capacity] {
      auto* column = reinterpret_cast<std::uint32_t*>(next);
      next += batch_column_bytes(capacity, 4);
      return column;
    };
    return {
`);
  for (const column of batch.columns)
    parts.push(
      `        .${snake(column.name)} = ${widthOf(column) === 8 ? 'wide' : 'narrow'}(),\n`,
    );
  parts.push('    };\n  }\n  // Calls f with every column, for work that treats all alike.\n');
  parts.push('  template <typename F>\n  void each(F&& f) const {\n');
  for (const { name: column } of batch.columns) parts.push(`    f(${snake(column)});\n`);
  parts.push('  }\n};\n');
  return parts.join('');
}

/** Fields of the slot that are columns; refuses what the engine could not copy word by word. */
function slotFields(batch, slot) {
  const known = new Map(batch.columns.map((column) => [column.name, column]));
  const fields = slot.fields.filter(({ name }) => !name.startsWith('reserved'));
  for (const [index, name] of common.entries())
    if (slot.fields[index].name !== name)
      throw new Error(`${slot.name}: expected ${name}, found ${slot.fields[index].name}`);
  const own = fields.filter(({ name }) => !common.includes(name));
  for (const field of own) {
    const where = `${slot.name}.${field.name}`;
    if (known.get(field.name)?.type !== field.type)
      throw new Error(`${where}: ${batch.name} has no such column of type ${field.type}`);
    const after = slot.fields[slot.fields.indexOf(field) + 1];
    const alone = field.offset % 8 === 0 && after?.name.startsWith('reserved');
    if (field.type === 'u32' && !alone) throw new Error(`${where}: expected a word of its own`);
  }
  return own;
}

function recordStruct(batch, slot, name, columns) {
  const own = slotFields(batch, slot);
  const kind = name.replace(/Record$/, '');
  const calls = (type) =>
    own
      .filter((field) => field.type === type)
      .map(
        ({ name: field }) => `    f(t.${snake(field)}, offsetof(${slot.name}, ${snake(field)}));\n`,
      );
  const each = (what, type) => {
    const found = calls(type);
    const [t, f] = found.length > 0 ? [' t', ' f'] : ['', ''];
    return (
      `  template <typename F>\n  static void each_${what}(const ${columns}&${t}, F&&${f}) {\n` +
      `${found.join('')}  }\n`
    );
  };
  return (
    `\n// How a ${batch.name} and the slots of its ring belong together. Both functions call f\n` +
    '// with a column and the offset of its field: each_number with doubles, each_narrow with\n' +
    `// 32-bit fields that have a word of their own.\nstruct ${name} {\n` +
    `  using Slot = ${slot.name};\n` +
    `  using Columns = ${columns};\n` +
    `  static constexpr RecordKind kKind = RecordKind::k${pascal(kind)};\n` +
    `  static constexpr std::string_view kRing = "${batch.ring}";\n` +
    each('number', 'f64') +
    each('narrow', 'u32') +
    '};\n' +
    `static_assert(static_cast<std::uint32_t>(${kind}Flags::kVoid) == kVoidFlag);\n` +
    `static_assert(static_cast<std::uint32_t>(${kind}Flags::kMissed) == kMissedFlag);\n`
  );
}

export function cppColumns(batches, layouts) {
  const parts = [head];
  parts.push(`#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "generated/constants.h"
#include "generated/layouts.h"

namespace ndts {

// Bytes of a column of \`capacity\` values of this width, up to the next: each starts on a line.
[[nodiscard]] constexpr std::size_t batch_column_bytes(std::size_t capacity, std::uint32_t width) {
  return (capacity * width + 63) / 64 * 64;
}

// The same bit in the flags of every record: the slot fills a sequence that was skipped.
inline constexpr std::uint32_t kVoidFlag = 16;
// And beside it in a mirror: what was there was overtaken before it was pulled.
inline constexpr std::uint32_t kMissedFlag = 64;
`);
  for (const batch of batches) {
    const kind = batch.name.replace(/Batch$/, '');
    const slot = layouts.find((layout) => layout.name === batch.slot);
    if (slot === undefined) throw new Error(`${batch.name}: no layout ${batch.slot}`);
    parts.push(columnsStruct(batch, `${kind}Columns`));
    parts.push(recordStruct(batch, slot, `${kind}Record`, `${kind}Columns`));
  }
  parts.push('\n}  // namespace ndts\n');
  return parts.join('');
}
