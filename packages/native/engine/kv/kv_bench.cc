// Benches of the parts of the key-value table, and of the table without a log in front of it:
// what is left of the whole once the log is taken away. See kv_bench.h.
//
//   memtable_insert   inserts into one memtable, in order and shuffled
//   sstable_get       gets from one sorted table of which every block was read before
//   kv_fillseq, kv_fillrandom   writes to a store in a new folder
#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "kv/bloom_filter.h"
#include "kv/key_value_store.h"
#include "kv/kv_bench.h"

namespace ndts::kv_bench {
namespace {

class Bench {
 public:
  explicit Bench(const Settings& settings) : settings_(settings) {}

  void run() {
    if (settings_.bench == "memtable_insert") {
      insert(true);
      insert(false);
    } else if (settings_.bench == "sstable_get") {
      get();
    } else if (settings_.bench == "kv_fillseq" || settings_.bench == "kv_fillrandom") {
      fill(settings_.bench == "kv_fillseq");
    } else {
      must(Status(Code::kInvalidArgument, "no bench " + settings_.bench));
    }
  }

 private:
  // Takes times apart from the total, so that reading the clock does not count in it.
  struct Times {
    std::vector<std::int64_t> ns;

    double at(double fraction) {
      std::sort(ns.begin(), ns.end());
      const auto last = static_cast<double>(ns.size() - 1);
      return static_cast<double>(ns[static_cast<std::size_t>(last * fraction)]);
    }
  };

  // The nth key to write.
  [[nodiscard]] std::vector<std::uint64_t> order_of(bool in_order) const {
    std::vector<std::uint64_t> numbers(settings_.keys);
    std::iota(numbers.begin(), numbers.end(), 0u);
    Shuffled shuffled(settings_.keys);
    if (!in_order)
      for (std::uint64_t& number : numbers) number = shuffled.next();
    return numbers;
  }

  void insert(bool in_order) {
    const std::vector<std::uint64_t> numbers = order_of(in_order);
    const std::string parameters = parameter("keys", settings_.keys) + ",\"order\":\"" +
                                   (in_order ? "sequential" : "random") + "\"";
    KeyValueMemtable memtable;
    char key[kKeyBytes];
    std::uint64_t sequence = 0;
    const std::int64_t start = clock_.monotonic_ns();
    for (const std::uint64_t number : numbers)
      memtable.put(make_key(number, key), sequence += 1, values_.of(number));
    const std::int64_t took = clock_.monotonic_ns() - start;
    std::uint64_t answer = 0;
    const std::unique_ptr<Cursor> each = memtable.cursor(sequence);
    for (each->seek(""); each->valid(); each->next())
      answer = mix(answer ^ hash_entry(each->entry().key, each->entry().value));
    print_line("memtable_insert", parameters, "mean",
               static_cast<double>(took) / static_cast<double>(settings_.keys), "ns", answer);

    KeyValueMemtable timed;
    Times times;
    times.ns.reserve(numbers.size());
    sequence = 0;
    for (const std::uint64_t number : numbers) {
      const Bytes value = values_.of(number);
      const std::int64_t before = clock_.monotonic_ns();
      timed.put(make_key(number, key), sequence += 1, value);
      times.ns.push_back(clock_.monotonic_ns() - before);
    }
    print_line("memtable_insert", parameters, "p50", times.at(0.5), "ns", answer);
    print_line("memtable_insert", parameters, "p99", times.at(0.99), "ns", answer);
  }

  void build_table(std::shared_ptr<SstFile>* table) {
    std::filesystem::create_directories(settings_.dir);
    SstWriter writer(*files_, settings_.dir, 1, 4096);
    must(writer.create());
    char key[kKeyBytes];
    for (std::uint64_t number = 0; number < settings_.keys; number += 1) {
      const KeyValueEntry entry{make_key(number, key), values_.of(number), false};
      must(writer.add(entry, hash_key(entry.key)));
    }
    SstInfo info;
    must(writer.finish(1, settings_.keys, &info));
    must(SstFile::open(*files_, settings_.dir, info, table));
  }

  void get() {
    std::shared_ptr<SstFile> table;
    build_table(&table);
    std::uint64_t answer = 0;
    std::unique_ptr<Cursor> each = table->cursor();
    for (each->seek(""); each->valid(); each->next())
      answer += hash_entry(each->entry().key, each->entry().value);
    must(each->status());

    const std::string parameters = parameter("keys", settings_.keys);
    Numbers numbers(2);
    KeyValueEntry entry;
    char key[kKeyBytes];
    bool found = false;
    const std::int64_t start = clock_.monotonic_ns();
    for (std::uint64_t at = 0; at < settings_.operations; at += 1) {
      const std::string_view wanted = make_key(numbers.next() % settings_.keys, key);
      must(table->get(wanted, hash_key(wanted), &found, &entry));
      if (found) answer += hash_entry(entry.key, entry.value);
    }
    const std::int64_t took = clock_.monotonic_ns() - start;
    print_line("sstable_get", parameters, "mean",
               static_cast<double>(took) / 1e3 / static_cast<double>(settings_.operations), "us",
               answer);
    Times times;
    for (std::uint64_t at = 0; at < settings_.operations; at += 1) {
      const std::string_view wanted = make_key(numbers.next() % settings_.keys, key);
      const std::int64_t before = clock_.monotonic_ns();
      must(table->get(wanted, hash_key(wanted), &found, &entry));
      // Both ends of the value belong to the time.
      if (found) answer += hash_entry(entry.key, entry.value);
      times.ns.push_back(clock_.monotonic_ns() - before);
    }
    print_line("sstable_get", parameters, "p50", times.at(0.5) / 1e3, "us", answer);
    print_line("sstable_get", parameters, "p99", times.at(0.99) / 1e3, "us", answer);
    print_line("sstable_get", parameters, "absentPassFilter", pass_filter(*table), "%", answer);
    table.reset();
    std::filesystem::remove_all(settings_.dir);
  }

  // Of a hundred absent keys between those there are, how many the filter lets through.
  [[nodiscard]] double pass_filter(const SstFile& table) const {
    char key[kKeyBytes];
    std::uint64_t passed = 0;
    for (std::uint64_t number = 0; number < settings_.keys; number += 1) {
      make_key(number, key);
      key[kKeyBytes - 1] = '1';
      passed += table.may_contain(hash_key({key, kKeyBytes})) ? 1 : 0;
    }
    return 100 * static_cast<double>(passed) / static_cast<double>(settings_.keys);
  }

  void fill(bool in_order) {
    std::unique_ptr<KeyValueStore> store;
    KeyValueOptions options;
    options.files = files_.get();
    options.clock = &clock_;
    options.dir = settings_.dir;
    options.log_edit = [](const KeyValueManifest&, const KeyValueEdit&) { return Status(); };
    must(KeyValueStore::open(options, {}, &store));
    Numbers numbers(7);
    std::vector<std::byte> batch;
    char key[kKeyBytes];
    const std::int64_t start = clock_.monotonic_ns();
    for (std::uint64_t at = 0; at < settings_.keys; at += 1) {
      const std::uint64_t number = in_order ? at : numbers.next() % settings_.keys;
      batch.clear();
      encode_operation(batch, make_key(number, key), values_.of(number));
      must(check_batch(batch));
      must(store->make_room());
      store->apply(batch, at + 1);
    }
    const std::int64_t took = clock_.monotonic_ns() - start;
    std::uint64_t answer = 0;
    for (auto each = store->snapshot().iterate({}); each.valid(); each.next())
      answer += hash_entry(each.entry().key, each.entry().value);
    print_line(settings_.bench, parameter("keys", settings_.keys) + ",\"threads\":1,\"log\":false",
               "operationsPerSecond", per_second(settings_.keys, took), "1/s", answer);
    store.reset();
    std::filesystem::remove_all(settings_.dir);
  }

  const Settings settings_;
  const std::unique_ptr<FileSystem> files_ = make_posix_file_system();
  SystemClock clock_;
  const Values values_;
};

}  // namespace
}  // namespace ndts::kv_bench

int main(int count, char** arguments) {
  ndts::kv_bench::Bench(ndts::kv_bench::read_settings(count, arguments)).run();
  return 0;
}
