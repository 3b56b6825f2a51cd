// How fast a replay is without JavaScript: one JSON object per line.
//
//   replay_bench FOLDER [--symbols N] [--ticks N] [--threads N] [--batch N] [--window N]
//                [--rounds N]
//
// Makes a database of so many ticks of each symbol in the folder, unless it is there, then replays
// all of it, from opening the database to the last batch. `hash` is of all columns, in order.
#include <sys/resource.h>
#include <time.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>

#include "db/database.h"
#include "replay/replay.h"

namespace ndts {
namespace {

struct Options {
  std::string folder;
  std::uint32_t symbols = 4000;
  std::uint32_t ticks = 1000;
  std::uint32_t threads = 1;
  std::size_t batch = 16384;
  std::size_t window = Replay::kWindowRows;
  int rounds = 3;
};

double seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// Of this thread, which with no others decodes and merges.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.text().c_str());
  std::exit(1);
}

DatabaseOptions database_options(const Options& options, FileSystem& files, Clock& clock) {
  DatabaseOptions result;
  result.files = &files;
  result.clock = &clock;
  result.dir = options.folder + "/data";
  result.staging_dir = options.folder + "/staging";
  result.shard_count = 64;
  result.memtable_bytes = 256u << 20;
  // Making larger ones takes as long as replaying millions of rows.
  result.staging_bytes = 4u << 20;
  result.wal_file_bytes = 4u << 20;
  return result;
}

// Prices of two decimals that wander, lots of 100, one tick after the other at random times.
void fill(Database& database, const Options& options) {
  constexpr std::size_t kRows = 8192;
  std::vector<std::byte> memory(TickColumns::batch_bytes(kRows));
  TickBatchView batch = TickBatchView::over(memory.data(), kRows, 0);
  std::mt19937_64 random(1);
  std::vector<std::int64_t> cents(options.symbols, 10'000);
  const std::uint64_t rows = std::uint64_t{options.symbols} * options.ticks;
  const std::int64_t gap = 23'400'000'000'000 / static_cast<std::int64_t>(rows);
  std::int64_t time = 20'000 * kNsPerDay;
  for (std::uint64_t row = 0; row < rows;) {
    for (batch.count = 0; batch.count < kRows && row < rows; batch.count += 1, row += 1) {
      const std::size_t at = batch.count;
      const std::uint64_t chance = random();
      time += 1 + static_cast<std::int64_t>(chance % static_cast<std::uint64_t>(2 * gap));
      const auto symbol = static_cast<std::uint32_t>((chance >> 40) % options.symbols);
      std::int64_t& cent = cents[symbol];
      cent += static_cast<std::int64_t>(chance >> 20 & 3) - 1;
      unpack_time(time, batch.day[at], batch.ns_of_day[at]);
      batch.symbol[at] = symbol;
      batch.price[at] = static_cast<double>(cent) / 100;
      batch.bid[at] = static_cast<double>(cent - 1) / 100;
      batch.ask[at] = static_cast<double>(cent + 1) / 100;
      batch.volume[at] = static_cast<double>(100 * (1 + (chance >> 30) % 50));
      batch.bid_volume[at] = static_cast<double>(100 * (1 + (chance >> 34) % 90));
      batch.ask_volume[at] = static_cast<double>(100 * (1 + (chance >> 37) % 90));
      batch.flags[at] = 0;
    }
    std::uint64_t position = 0;
    must(database.append_ticks(batch, &position));
  }
  must(database.seal());
  must(database.settle());
}

void make(const Options& options, FileSystem& files, Clock& clock) {
  if (files.exists(options.folder + "/data")) return;
  must(files.make_directory(options.folder + "/data"));
  must(files.make_directory(options.folder + "/staging"));
  std::unique_ptr<Database> database;
  must(Database::open(database_options(options, files, clock), &database));
  for (std::uint32_t symbol = 0; symbol < options.symbols; symbol += 1)
    must(database->register_symbol(symbol, symbol * 2654435761u % 64,
                                   "SYM" + std::to_string(symbol)));
  fill(*database, options);
  must(database->close());
}

std::uint64_t fold(std::uint64_t hash, const double* values, std::size_t count) {
  for (std::size_t at = 0; at < count; at += 1)
    hash = (hash ^ std::bit_cast<std::uint64_t>(values[at])) * 0x9e37'79b9'7f4a'7c15u;
  return hash;
}

void run(const Options& options, FileSystem& files, Clock& clock) {
  std::vector<std::byte> memory(TickColumns::batch_bytes(options.batch));
  TickBatchView batch = TickBatchView::over(memory.data(), options.batch, 0);
  const double start = seconds();
  const double cpu_start = cpu_seconds();
  std::unique_ptr<Database> database;
  must(Database::open(database_options(options, files, clock), &database));
  ReplayRequest request;
  request.view = *database->snapshot().table(kTickTable);
  request.symbols = symbols_by_name(database->symbols());
  request.from = std::numeric_limits<std::int64_t>::min();
  request.to = std::numeric_limits<std::int64_t>::max();
  request.columns.assign(tick_schema().columns.size(), true);
  request.threads = options.threads;
  Replay replay(std::move(request), options.window);
  RowsOut out = RowsOut::of(batch);
  out.shard = out.epoch = nullptr;
  const double opened = seconds();
  const double cpu_opened = cpu_seconds();
  double first = 0;
  std::uint64_t rows = 0;
  std::uint64_t hash = 0;
  for (std::size_t count = options.batch; count == options.batch; rows += count) {
    must(replay.next(out, &count));
    if (first == 0) first = seconds();
    // Order shows in the times; a few values of the others do.
    hash = fold(hash, batch.ns_of_day, std::min<std::size_t>(count, 64));
    hash = fold(hash, batch.price, std::min<std::size_t>(count, 64));
  }
  const double end = seconds();
  const double cpu_end = cpu_seconds();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "{\"rows\":%llu,\"threads\":%u,\"window\":%zu,\"rowsPerSecond\":%.0f,"
      "\"cpuNsPerRow\":%.2f,\"cpuOpenMs\":%.2f,\"openMs\":%.2f,"
      "\"firstMs\":%.2f,\"blockMB\":%.0f,\"peakMB\":%.0f,\"hash\":\"%016llx\"}\n",
      static_cast<unsigned long long>(rows), options.threads, options.window,
      static_cast<double>(rows) / (end - start),
      (cpu_end - cpu_opened) * 1e9 / static_cast<double>(rows), (cpu_opened - cpu_start) * 1e3,
      (opened - start) * 1e3, (first - start) * 1e3,
      static_cast<double>(replay.bytes()) / 1e6, static_cast<double>(usage.ru_maxrss) / 1e3,
      static_cast<unsigned long long>(hash));
}

Options parse(int argc, char** argv) {
  Options options;
  if (argc < 2) {
    std::fprintf(stderr, "expected a folder\n");
    std::exit(2);
  }
  options.folder = argv[1];
  for (int at = 2; at + 1 < argc; at += 2) {
    const std::string_view name = argv[at];
    const auto value = static_cast<std::uint32_t>(std::strtoul(argv[at + 1], nullptr, 10));
    if (name == "--symbols") options.symbols = value;
    if (name == "--ticks") options.ticks = value;
    if (name == "--threads") options.threads = value;
    if (name == "--batch") options.batch = value;
    if (name == "--window") options.window = value;
    if (name == "--rounds") options.rounds = static_cast<int>(value);
  }
  return options;
}

}  // namespace
}  // namespace ndts

int main(int argc, char** argv) {
  const ndts::Options options = ndts::parse(argc, argv);
  const std::unique_ptr<ndts::FileSystem> files = ndts::make_posix_file_system();
  ndts::SystemClock clock;
  ndts::make(options, *files, clock);
  for (int round = 0; round < options.rounds; round += 1) ndts::run(options, *files, clock);
}
