// The C++ face of the schema: structs with static_asserts on size and every offset, enums.

export const head = `// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.
`;

const types = {
  u8: 'std::uint8_t',
  u16: 'std::uint16_t',
  u32: 'std::uint32_t',
  u64: 'std::uint64_t',
  i32: 'std::int32_t',
  i64: 'std::int64_t',
  f64: 'double',
};

export function snake(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function pascal(name) {
  if (/^[A-Z0-9_]+$/.test(name))
    return name.toLowerCase().replace(/(^|_)([a-z0-9])/g, (_, __, letter) => letter.toUpperCase());
  return name[0].toUpperCase() + name.slice(1);
}

export function cppLayouts(layouts) {
  const includes = '#include <cstddef>\n#include <cstdint>\n';
  const parts = [head, `#pragma once\n\n${includes}\nnamespace ndts {\n`];
  for (const layout of layouts) {
    parts.push(`\n// ${layout.doc}\nstruct ${layout.name} {\n`);
    for (const field of layout.fields) {
      const array = /^bytes\[(\d+)\]$/.exec(field.type);
      const name = snake(field.name);
      const line = array
        ? `std::uint8_t ${name}[${array[1]}];`
        : `${types[field.type] ?? field.type} ${name};`;
      parts.push(`  ${line}  // ${field.doc}\n`);
    }
    parts.push('};\n');
    parts.push(`static_assert(sizeof(${layout.name}) == ${layout.size});\n`);
    for (const field of layout.fields)
      parts.push(
        `static_assert(offsetof(${layout.name}, ${snake(field.name)}) == ${field.offset});\n`,
      );
  }
  parts.push('\n}  // namespace ndts\n');
  return parts.join('');
}

export function cppConstants(constants) {
  const parts = [head, '#pragma once\n\n#include <cstdint>\n\nnamespace ndts {\n'];
  for (const group of constants) {
    parts.push(`\n// ${group.doc}\nenum class ${group.name} : std::uint32_t {\n`);
    for (const [name, [value, doc]] of Object.entries(group.values))
      parts.push(`  k${pascal(name)} = ${value},  // ${doc}\n`);
    parts.push('};\n');
  }
  parts.push('\n}  // namespace ndts\n');
  return parts.join('');
}

export function cppErrors(errors) {
  const parts = [head, '#pragma once\n\n#include <cstdint>\n\nnamespace ndts {\n\n'];
  parts.push('enum class Code : std::uint16_t {\n');
  for (const error of errors)
    parts.push(`  k${pascal(error.code)} = ${error.number},  // ${error.doc}\n`);
  parts.push('};\n\n[[nodiscard]] constexpr const char* code_name(Code code) {\n');
  parts.push('  switch (code) {\n');
  for (const error of errors)
    parts.push(`    case Code::k${pascal(error.code)}:\n      return "${error.code}";\n`);
  parts.push('  }\n  return "INTERNAL";\n}\n\n}  // namespace ndts\n');
  return parts.join('');
}
