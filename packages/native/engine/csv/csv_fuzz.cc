// Fuzz target: any bytes as a CSV file, in blocks of any size. Every row has values, every byte of
// the file is passed once, and what is read does not depend on where blocks end.
#include <cstdlib>

#include "csv/csv_test_kit.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

// A hash of the rows and one of the rejects: how they come between each other depends on batches.
std::uint64_t read_all(ndts::FileSystem& files, const ndts::CsvPlan& plan, std::size_t capacity) {
  using namespace ndts;
  std::unique_ptr<CsvReader> reader;
  if (!CsvReader::open(files, plan, &reader).ok()) return 0;
  CsvTestRows rows(plan.columns, capacity);
  CsvBatch batch;
  std::uint64_t hashes[2] = {1, 1};
  const auto mix = [&hashes](int which, std::string_view text) {
    std::uint64_t& hash = hashes[which];
    for (const char letter : text)
      hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211u;
    hash = hash * 31 + text.size();
  };
  while (!batch.ended) {
    check(reader->next(rows.rows(), &batch).ok());
    for (std::size_t row = 0; row < batch.rows; row += 1) {
      mix(0, rows.text(0, row, batch));
      mix(0, std::to_string(rows.value<double>(1, row)));
      check(rows.rows().symbol[row] < reader->symbols().count());
    }
    for (const CsvReject& reject : batch.rejects)
      mix(1, std::to_string(reject.line) + reject.text);
  }
  check(reader->offset() == reader->file_bytes());
  return hashes[0] * 31 + hashes[1];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ndts;
  if (size < 4) return 0;
  SimFileSystem files(1);
  put_csv(files, "f/a.csv", std::string(reinterpret_cast<const char*>(data) + 4, size - 4));
  CsvPlan plan;
  plan.path = "f/a.csv";
  plan.fields = 4;
  plan.has_header = (data[0] & 1) != 0;
  plan.dialect.comment = (data[0] & 2) != 0 ? '#' : '\0';
  plan.skip_lines = data[0] >> 6;
  plan.time_kind = static_cast<CsvTimeKind>(data[1] % 6);
  plan.record_bytes_max = 4096;
  CsvColumn time;
  time.target = CsvTarget::kTime;
  time.field = 0;
  CsvColumn symbol;
  symbol.target = CsvTarget::kSymbol;
  symbol.field = 1;
  CsvColumn text;
  text.field = 2;
  text.type = ValueType::kText;
  text.nullable = true;
  CsvColumn number;
  number.field = 3;
  number.column = 1;
  plan.columns = {time, symbol, text, number};
  plan.block_bytes = 1u << 16;
  const std::uint64_t whole = read_all(files, plan, 64);
  // A record that is too long is found later where blocks are larger.
  if (size > plan.record_bytes_max) return 0;
  plan.block_bytes = 1 + data[2];
  check(read_all(files, plan, 1 + data[3] % 7) == whole);
  return 0;
}
