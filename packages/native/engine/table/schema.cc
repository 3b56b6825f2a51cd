// See schema.h.
#include "table/schema.h"

#include <algorithm>

#include "generated/layouts.h"
#include "generated/tables.h"

namespace ndts {

namespace {

constexpr std::size_t kMaxColumnName = 255;

Status refused(const std::string& what) {
  return Status(Code::kInvalidArgument, "schema: " + what);
}

bool is_type(ValueType type) { return type >= ValueType::kI64 && type <= ValueType::kBytes; }

void append_part(std::vector<std::byte>& to, Bytes part) {
  const std::size_t at = to.size();
  to.resize(at + part.size());
  if (!part.empty()) std::memcpy(to.data() + at, part.data(), part.size());
}

}  // namespace

Status check_schema(const TableSchema& schema) {
  if (schema.id == 0) return refused("the id of a table is above 0");
  if (schema.name.empty() || schema.name.size() > kMaxTableName)
    return refused("the name of a table has 1 to 255 bytes, found " +
                   std::to_string(schema.name.size()));
  if (schema.columns.empty() || schema.columns.size() > kMaxColumns)
    return refused("a table has 1 to 256 columns, found " +
                   std::to_string(schema.columns.size()));
  for (std::size_t at = 0; at < schema.columns.size(); at += 1) {
    const ColumnSchema& column = schema.columns[at];
    if (column.name.empty() || column.name.size() > kMaxColumnName)
      return refused("the name of a column has 1 to 255 bytes, found " +
                     std::to_string(column.name.size()));
    if (!is_type(column.type)) return refused("column " + column.name + " has an unknown type");
    for (std::size_t before = 0; before < at; before += 1)
      if (schema.columns[before].name == column.name)
        return refused("column " + column.name + " is there twice");
  }
  return {};
}

std::vector<std::byte> encode_schema(const TableSchema& schema) {
  std::vector<std::byte> bytes;
  SchemaHead head{};
  head.table = schema.id;
  head.column_count = static_cast<std::uint32_t>(schema.columns.size());
  head.name_bytes = static_cast<std::uint32_t>(schema.name.size());
  append_part(bytes, bytes_of(head));
  append_part(bytes, bytes_of_text(schema.name));
  for (const ColumnSchema& column : schema.columns) {
    SchemaColumn entry{};
    entry.type = static_cast<std::uint8_t>(column.type);
    entry.nullable = column.nullable ? 1 : 0;
    entry.name_bytes = static_cast<std::uint16_t>(column.name.size());
    append_part(bytes, bytes_of(entry));
    append_part(bytes, bytes_of_text(column.name));
  }
  return bytes;
}

Status decode_schema(Bytes bytes, TableSchema* schema) {
  const Status corrupt(Code::kCorrupt, "schema of a table");
  ByteReader reader(bytes);
  const auto head = reader.read<SchemaHead>();
  if (!reader.ok() || head.reserved != 0 || head.column_count > kMaxColumns) return corrupt;
  schema->id = head.table;
  schema->name = text_of(reader.read_bytes(head.name_bytes));
  schema->columns.clear();
  for (std::uint32_t index = 0; index < head.column_count && reader.ok(); index += 1) {
    const auto entry = reader.read<SchemaColumn>();
    if (entry.nullable > 1 || entry.reserved != 0) return corrupt;
    schema->columns.push_back({std::string(text_of(reader.read_bytes(entry.name_bytes))),
                               static_cast<ValueType>(entry.type), entry.nullable == 1});
  }
  if (!reader.ok() || reader.left() != 0 || !check_schema(*schema).ok()) return corrupt;
  return {};
}

const TableSchema& tick_schema() {
  static const TableSchema schema = [] {
    TableSchema made{kTickTable, kTickTableName, {}};
    for (const BuiltInColumn& column : kTickColumns)
      made.columns.push_back({column.name, column.type, column.nullable});
    return made;
  }();
  return schema;
}

}  // namespace ndts
