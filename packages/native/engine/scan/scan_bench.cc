// What scans and aggregates take: JSON lines as `npm run bench -- --json` prints them.
//
//   scan_bench BENCH --dir=D [--rows=N] [--symbols=N] [--rounds=N]
//
//   scan_sum         the sum of a column, by one and two threads, and beside it in
//                    the same rounds a plain sum over the same values in an array: what the memory
//                    allows; ratios are ours over that, from medians
//   scan_filter      count and sum of what a predicate leaves, nothing of it in the footers
//   ohlcv_1m_kernel  open, high, low, close, volume of every symbol and minute
//   latest_on        the latest row of every symbol, in memory and in files
//   symbol_day       time, price and volume of one symbol's day
//
// Prices are walks in cents, volumes lots of 100, `real` doubles of random bits; symbols in turn,
// over ten days, or 35 to a bar. A figure is the median of the rounds; the first, which reads
// checksums and cold memory, is left out.
#include <algorithm>
#include <bit>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>

#include "base/clock.h"
#include "base/thread.h"
#include "db/database.h"
#include "scan/aggregate.h"
#include "scan/latest.h"
#include "scan/scan_bench_sum.h"
#include "scan/scan_reader.h"

namespace ndts {
namespace {

constexpr std::uint32_t kShards = 16;
constexpr std::int64_t kDays = 10;
constexpr std::int64_t kFirstDay = 20'000;
constexpr std::uint64_t kMinuteNs = 60'000'000'000;
constexpr std::uint64_t kBarRows = 35;
constexpr std::size_t kBatchRows = 8192;
constexpr std::size_t kReal = 0;
constexpr std::size_t kPrice = 1;
constexpr std::size_t kVolume = 2;

void must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "scan_bench: %s\n", status.text().c_str());
  std::exit(1);
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e37'79b9'7f4a'7c15;
  return hash ^ hash >> 29;
}
std::uint64_t mix_real(std::uint64_t hash, double value) {
  return mix(hash, std::bit_cast<std::uint64_t>(value));
}

struct Settings {
  std::string bench;
  std::string dir;
  std::uint64_t rows = 2'000'000;
  std::uint32_t symbols = 1000;
  std::uint32_t rounds = 7;
};

// Rows by a fixed rule.
class Fill {
 public:
  explicit Fill(const Settings& settings)
      : symbols_(settings.symbols),
        gap_ns_(settings.bench == "ohlcv_1m_kernel"
                    ? kMinuteNs / (kBarRows * settings.symbols)
                    : static_cast<std::uint64_t>(kDays * kNsPerDay) / settings.rows),
        cents_(settings.symbols, 10'000),
        day_(kBatchRows), ns_(kBatchRows), sequence_(kBatchRows), symbol_(kBatchRows),
        shard_(kBatchRows), epoch_(kBatchRows), values_(3, std::vector<double>(kBatchRows)) {}

  RowsIn next(std::size_t rows) {
    for (std::size_t at = 0; at < rows; at += 1) {
      state_ = state_ * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
      const std::uint64_t chance = state_ >> 16;
      const std::uint32_t symbol = next_;
      next_ = next_ + 1 == symbols_ ? 0 : next_ + 1;
      unpack_time(time_ + static_cast<std::int64_t>(chance % gap_ns_), day_[at], ns_[at]);
      time_ += static_cast<std::int64_t>(gap_ns_);
      cents_[symbol] += static_cast<std::int64_t>(chance % 5) - 2;
      symbol_[at] = symbol;
      values_[kReal][at] = real(chance);
      values_[kPrice][at] = static_cast<double>(std::max<std::int64_t>(cents_[symbol], 1)) / 100;
      values_[kVolume][at] = static_cast<double>(100 * (1 + chance / 5 % 50));
    }
    RowsIn in;
    in.count = rows;
    in.day = day_.data();
    in.ns_of_day = ns_.data();
    in.symbol = symbol_.data();
    for (const std::vector<double>& column : values_)
      in.values.push_back(reinterpret_cast<const std::byte*>(column.data()));
    in.nulls.resize(3);
    in.sequence = sequence_.data();
    in.shard = shard_.data();
    in.epoch = epoch_.data();
    return in;
  }

 private:
  // Either sign and one of twenty magnitudes: no codec makes it much smaller.
  [[nodiscard]] double real(std::uint64_t chance) const {
    const std::uint64_t exponent = 1023 + chance % 20;
    return std::bit_cast<double>(state_ >> 63 << 63 | exponent << 52 | state_ << 9 >> 12);
  }

  const std::uint32_t symbols_;
  const std::uint64_t gap_ns_;
  std::vector<std::int64_t> cents_;
  std::vector<double> day_, ns_, sequence_;
  std::vector<std::uint32_t> symbol_, shard_, epoch_;
  std::vector<std::vector<double>> values_;
  std::uint64_t state_ = 12'345;
  std::uint32_t next_ = 0;
  std::int64_t time_ = kFirstDay * kNsPerDay;
};

class Bench {
 public:
  explicit Bench(const Settings& settings) : settings_(settings) { open(); }

  void run() {
    if (settings_.bench == "scan_sum") return sum();
    if (settings_.bench == "scan_filter") return filter();
    if (settings_.bench == "ohlcv_1m_kernel") return bars();
    if (settings_.bench == "latest_on") return latest();
    if (settings_.bench == "symbol_day") return symbol_day();
    must(Status(Code::kInvalidArgument, "no bench " + settings_.bench));
  }
  void close() { must(database_->close()); }

 private:
  void open() {
    DatabaseOptions options;
    options.files = files_.get();
    options.clock = &clock_;
    options.dir = settings_.dir + "/data";
    options.staging_dir = settings_.dir + "/staging";
    options.shard_count = kShards;
    options.memtable_bytes = 256u << 20;
    std::filesystem::create_directories(options.staging_dir);
    must(Database::open(options, &database_));
    for (std::uint32_t id = 0; id < settings_.symbols; id += 1)
      must(database_->register_symbol(id, id % kShards, std::to_string(id)));
    must(database_->create_table({0, "bench",
                                  {{"real", ValueType::kF64, false},
                                   {"price", ValueType::kF64, false},
                                   {"volume", ValueType::kF64, false}}},
                                 &table_));
    Fill fill(settings_);
    for (std::uint64_t done = 0; done < settings_.rows;) {
      const auto rows = static_cast<std::size_t>(
          std::min<std::uint64_t>(kBatchRows, settings_.rows - done));
      std::uint64_t position = 0;
      must(database_->append_rows(table_, fill.next(rows), &position));
      done += rows;
    }
  }
  void seal() {
    must(database_->seal());
    must(database_->settle());
  }

  void print(const std::string& parameters, const std::string& metric, double value,
             const std::string& unit, std::uint64_t answer, double ratio = 0) const {
    std::printf("{\"bench\":\"%s\",\"params\":{%s,\"rows\":%" PRIu64 "},\"metric\":\"%s\","
                "\"value\":%.6g,\"unit\":\"%s\",\"answer\":\"%016" PRIx64 "\"",
                settings_.bench.c_str(), parameters.c_str(), settings_.rows, metric.c_str(),
                value, unit.c_str(), answer);
    if (ratio != 0) std::printf(",\"peer\":\"memory limit\",\"ratio\":%.3f", ratio);
    std::printf("}\n");
    std::fflush(stdout);
  }

  // Nanoseconds of each kind of work, medians of rounds in which they take turns.
  std::vector<double> medians(const std::vector<std::function<void()>>& works) {
    std::vector<std::vector<double>> times(works.size());
    for (std::uint32_t round = 0; round <= settings_.rounds; round += 1)
      for (std::size_t at = 0; at < works.size(); at += 1) {
        const std::int64_t start = clock_.monotonic_ns();
        works[at]();
        if (round > 0)
          times[at].push_back(static_cast<double>(clock_.monotonic_ns() - start));
      }
    std::vector<double> found;
    for (std::vector<double>& each : times) {
      std::sort(each.begin(), each.end());
      found.push_back(each[each.size() / 2]);
    }
    return found;
  }
  [[nodiscard]] double per_second(double ns) const {
    return static_cast<double>(settings_.rows) * 1e9 / ns;
  }

  AggregateResult ask(const AggregateRequest& request, std::size_t threads) {
    AggregateResult result;
    must(aggregate(*snapshot_->table(table_), request, scan_threads(threads), &result));
    return result;
  }
  void look() { snapshot_.emplace(database_->snapshot()); }

  // The real values one after the other.
  std::vector<double> real_values() {
    ScanPlan plan;
    must(ScanPlan::make(*snapshot_->table(table_), {}, &plan));
    ScanReader reader(plan, {{kReal}, false, false, false});
    std::vector<double> values;
    values.reserve(settings_.rows);
    for (const ScanPiece& piece : plan.pieces()) {
      reader.start(piece);
      for (ScanBatch batch;;) {
        must(reader.next(&batch));
        if (batch.runs.empty()) break;
        const auto* from = reinterpret_cast<const double*>(batch.rows.values[kReal]);
        values.insert(values.end(), from, from + batch.rows.count);
      }
    }
    return values;
  }

  void sum() {
    seal();
    look();
    const std::vector<double> values = real_values();
    const char* const names[] = {"real", "price", "volume"};
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
      double limit = 0;
      std::vector<double> sums(3);
      std::vector<std::function<void()>> works{
          [&] { limit = plain_sum(values, scan_threads(threads)); }};
      for (std::size_t column = 0; column < 3; column += 1)
        works.push_back([&, column] {
          AggregateRequest request;
          request.aggregates = {{AggregateKind::kSum, column, 0}};
          sums[column] = ask(request, threads).columns[0].reals[0];
        });
      const std::vector<double> ns = medians(works);
      const auto parameters = [threads](const char* column) {
        return "\"column\":\"" + std::string(column) +
               "\",\"threads\":" + std::to_string(threads);
      };
      print(parameters("array"), "valuesPerSecond", per_second(ns[0]), "1/s",
            mix_real(0, std::nearbyint(limit / 1e3)));
      for (std::size_t column = 0; column < 3; column += 1)
        print(parameters(names[column]), "rowsPerSecond", per_second(ns[column + 1]), "1/s",
              mix_real(0, sums[column]), ns[0] / ns[column + 1]);
    }
  }

  void filter() {
    seal();
    look();
    AggregateRequest request;
    request.aggregates = {{AggregateKind::kRows, 0, 0}, {AggregateKind::kSum, kVolume, 0}};
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}})
      for (const double above : {0.0, 500'000.0}) {
        // Half of the real ones, and few.
        request.scan.predicates = {{kReal, ScanCompare::kGreater, above, 0, 0, 0}};
        AggregateResult result;
        const std::vector<double> ns = medians({[&] { result = ask(request, threads); }});
        print("\"threads\":" + std::to_string(threads) + ",\"kept\":" +
                  std::to_string(result.columns[0].reals[0] /
                                 static_cast<double>(settings_.rows)),
              "rowsPerSecond", per_second(ns[0]), "1/s",
              mix_real(mix_real(0, result.columns[0].reals[0]), result.columns[1].reals[0]));
      }
  }

  void bars() {
    seal();
    look();
    AggregateRequest request;
    request.aggregates = ohlcv(kPrice, kVolume);
    request.by_symbol = true;
    request.bucket_ns = 60'000'000'000;
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
      AggregateResult result;
      const std::vector<double> ns = medians({[&] { result = ask(request, threads); }});
      std::uint64_t answer = 0;
      for (std::size_t at = 0; at < result.count; at += 1) {
        answer = mix(mix(answer, result.symbol[at]),
                     static_cast<std::uint64_t>(result.bucket[at]));
        for (const AggregateColumn& column : result.columns)
          answer = mix_real(answer, column.reals[at]);
      }
      print("\"threads\":" + std::to_string(threads) +
                ",\"symbols\":" + std::to_string(settings_.symbols) +
                ",\"bars\":" + std::to_string(result.count),
            "rowsPerSecond", per_second(ns[0]), "1/s", answer);
    }
  }

  void latest() {
    std::vector<ScanSymbol> symbols;
    for (std::uint32_t id = 0; id < settings_.symbols; id += 1)
      symbols.push_back({id, id % kShards});
    const std::size_t count = symbols.size();
    std::vector<double> numbers(6 * count);
    std::vector<std::uint32_t> words(3 * count);
    RowsOut out;
    out.capacity = count;
    out.day = numbers.data();
    out.ns_of_day = out.day + count;
    out.sequence = out.ns_of_day + count;
    out.symbol = words.data();
    out.shard = out.symbol + count;
    out.epoch = out.shard + count;
    for (std::size_t column = 0; column < 3; column += 1)
      out.values.push_back(reinterpret_cast<std::byte*>(out.sequence + (1 + column) * count));
    out.nulls.assign(3, nullptr);
    LatestCache cache;
    for (const char* where : {"memory", "files"}) {
      if (*where == 'f') seal();
      look();
      std::size_t found = 0;
      const std::vector<double> ns = medians({[&] {
        must(latest_rows(*snapshot_->table(table_), symbols, &cache, out, &found));
      }});
      std::uint64_t answer = mix(0, found);
      for (const double value : numbers) answer = mix_real(answer, value);
      print("\"symbols\":" + std::to_string(count) + ",\"rowsIn\":\"" + where + "\"", "p50",
            ns[0] / 1e3, "us", answer);
    }
  }

  void symbol_day() {
    seal();
    look();
    ScanRequest request;
    request.all_symbols = false;
    request.symbols = {{7, 7}};
    request.from = (kFirstDay + 3) * kNsPerDay;
    request.to = request.from + kNsPerDay;
    std::size_t rows = 0;
    std::uint64_t answer = 0;
    const std::vector<double> ns = medians({[&] {
      ScanPlan plan;
      must(ScanPlan::make(*snapshot_->table(table_), request, &plan));
      ScanReader reader(plan, {{kPrice, kVolume}, true, false, false});
      rows = 0;
      answer = 0;
      for (const ScanPiece& piece : plan.pieces()) {
        reader.start(piece);
        for (ScanBatch batch;;) {
          must(reader.next(&batch));
          if (batch.runs.empty()) break;
          for (const ScanRun& run : batch.runs) {
            const std::size_t last = run.first_row + run.rows - 1;
            rows += run.rows;
            answer = mix(answer, static_cast<std::uint64_t>(batch.rows.time[last]));
            answer = mix(answer, load<std::uint64_t>(batch.rows.values[kPrice] + 8 * last));
            answer = mix(answer, load<std::uint64_t>(batch.rows.values[kVolume] + 8 * last));
          }
        }
      }
    }});
    print("\"symbols\":" + std::to_string(settings_.symbols) +
              ",\"found\":" + std::to_string(rows),
          "p50", ns[0] / 1e3, "us", mix(answer, rows));
  }

  const Settings settings_;
  const std::unique_ptr<FileSystem> files_ = make_posix_file_system();
  SystemClock clock_;
  std::unique_ptr<Database> database_;
  std::optional<DatabaseSnapshot> snapshot_;
  std::uint32_t table_ = 0;
};

Settings parse(int count, char** arguments) {
  Settings settings;
  for (int at = 1; at < count; at += 1) {
    const std::string word = arguments[at];
    const auto value = [&word](const char* name) -> const char* {
      const std::string start = std::string(name) + "=";
      return word.starts_with(start) ? word.c_str() + start.size() : nullptr;
    };
    if (const char* dir = value("--dir")) {
      settings.dir = dir;
    } else if (const char* rows = value("--rows")) {
      settings.rows = std::strtoull(rows, nullptr, 10);
    } else if (const char* symbols = value("--symbols")) {
      settings.symbols = static_cast<std::uint32_t>(std::strtoul(symbols, nullptr, 10));
    } else if (const char* rounds = value("--rounds")) {
      settings.rounds = static_cast<std::uint32_t>(std::strtoul(rounds, nullptr, 10));
    } else {
      settings.bench = word;
    }
  }
  if (settings.dir.empty() || settings.bench.empty() || settings.symbols < 8)
    must(Status(Code::kInvalidArgument, "expected a bench, --dir, and 8 symbols or more"));
  return settings;
}

}  // namespace
}  // namespace ndts

int main(int count, char** arguments) {
  ndts::Bench bench(ndts::parse(count, arguments));
  bench.run();
  bench.close();
}
