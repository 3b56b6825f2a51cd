// Programs: what is composed equals its parts run by hand; state is saved and put back to the bit;
// what can't be is refused.
#include "factor/factor_program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "ring/row_batch_memory.h"

namespace ndts {
namespace {

FactorInput column(FactorColumn index) {
  return {FactorSource::kColumn, static_cast<std::uint32_t>(index), 0, 0};
}
FactorInput output(std::uint32_t node, std::uint32_t port = 0) {
  return {FactorSource::kKernel, node, port, 0};
}
FactorInput number(double value) { return {FactorSource::kNumber, 0, 0, value}; }

// (ema(price, 5) / 2 + upper band of bollinger(price, 4)) zscored over 6.
std::vector<FactorNode> example() {
  return {{FactorKernel::kEma, {5}, {column(FactorColumn::kPrice)}},
          {FactorKernel::kDivide, {}, {output(0), number(2)}},
          {FactorKernel::kBollinger, {4, 2}, {column(FactorColumn::kPrice)}},
          {FactorKernel::kAdd, {}, {output(1), output(2, 2)}},
          {FactorKernel::kZscore, {6}, {output(3)}}};
}

std::unique_ptr<FactorProgram> make(const std::vector<FactorNode>& nodes,
                                    const std::vector<FactorPort>& wanted) {
  std::unique_ptr<FactorProgram> program;
  const Status status = FactorProgram::make(nodes, wanted, &program);
  EXPECT_TRUE(status.ok()) << status.message();
  return program;
}

class ProgramTicks {
 public:
  ProgramTicks(std::size_t count, unsigned seed) : memory_(count), count_(count) {
    std::mt19937 random(seed);
    for (std::size_t i = 0; i < count; ++i) {
      memory_.columns().symbol[i] = static_cast<std::uint32_t>(random() % 7);
      memory_.columns().price[i] = 100 + static_cast<double>(random() % 500) / 100;
    }
  }
  // Wanted columns of rows [begin, end), run in batches of at most `most`.
  std::vector<std::vector<double>> run(FactorProgram* program, std::size_t begin, std::size_t end,
                                       std::size_t most) {
    std::vector<std::vector<double>> found(program->wanted(), std::vector<double>(end - begin));
    for (std::size_t at = begin; at < end; at += most) {
      const std::size_t count = std::min(most, end - at);
      TickColumns batch = memory_.columns();
      batch.symbol += at;
      batch.price += at;
      std::vector<double*> out;
      for (auto& values : found) out.push_back(values.data() + (at - begin));
      EXPECT_TRUE(program->run(batch, count, out.data()));
    }
    return found;
  }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  const TickBatchMemory memory_;
  const std::size_t count_;
};

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), 8 * a.size()) == 0;
}

TEST(FactorProgram, PartsAndWholeAreTheSameBits) {
  ProgramTicks ticks(1000, 3);
  const auto whole = make(example(), {{0, 0}, {2, 2}, {4, 0}});
  const auto found = ticks.run(whole.get(), 0, ticks.count(), 1000);
  const auto ema = make({example()[0]}, {{0, 0}});
  EXPECT_TRUE(same_bits(ticks.run(ema.get(), 0, ticks.count(), 77)[0], found[0]));
  const auto bands = make({example()[2]}, {{0, 2}});
  EXPECT_TRUE(same_bits(ticks.run(bands.get(), 0, ticks.count(), 13)[0], found[1]));
  const auto split = make(example(), {{4, 0}});
  EXPECT_TRUE(same_bits(ticks.run(split.get(), 0, ticks.count(), 9)[0], found[2]));
  EXPECT_EQ(whole->warm_up(0), 5u);
  EXPECT_EQ(whole->warm_up(2), 10u);
  EXPECT_EQ(split->signature(), whole->signature()) << "what is wanted is no state";
  EXPECT_NE(ema->signature(), bands->signature());
}

TEST(FactorProgram, StateIsPutBackToTheBit) {
  ProgramTicks ticks(1000, 4);
  const auto first = make(example(), {{4, 0}});
  const auto expected = ticks.run(first.get(), 0, ticks.count(), 100)[0];
  const auto begun = make(example(), {{4, 0}});
  ticks.run(begun.get(), 0, 500, 100);
  const auto restored = make(example(), {{4, 0}});
  std::vector<std::byte> state(begun->state_bytes());
  for (std::uint32_t symbol = 0; symbol < 7; ++symbol) {
    ASSERT_TRUE(begun->save(symbol, state));
    ASSERT_TRUE(restored->load(symbol, state));
  }
  const auto rest = ticks.run(restored.get(), 500, ticks.count(), 33)[0];
  EXPECT_TRUE(same_bits(rest, {expected.begin() + 500, expected.end()}));
  state.pop_back();
  EXPECT_FALSE(restored->load(0, state));
  EXPECT_FALSE(restored->save(kSymbolLimit, state));
}

TEST(FactorProgram, WhatCannotBeIsRefused) {
  std::unique_ptr<FactorProgram> program;
  const auto refused = [&program](const std::vector<FactorNode>& nodes,
                                  const std::vector<FactorPort>& wanted) {
    return FactorProgram::make(nodes, wanted, &program).code() == Code::kInvalidArgument;
  };
  const FactorInput price = column(FactorColumn::kPrice);
  EXPECT_TRUE(refused({{FactorKernel::kSma, {0}, {price}}}, {}));
  EXPECT_TRUE(refused({{FactorKernel::kSma, {5}, {}}}, {}));
  EXPECT_TRUE(refused({{FactorKernel::kSma, {5}, {price, price}}}, {}));
  EXPECT_TRUE(refused({{FactorKernel::kSma, {5}, {column(static_cast<FactorColumn>(9))}}}, {}));
  EXPECT_TRUE(refused({{FactorKernel::kSma, {5}, {output(0)}}}, {})) << "itself";
  EXPECT_TRUE(refused({{FactorKernel::kSma, {5}, {price}}}, {{0, 1}}));
  EXPECT_TRUE(refused({{FactorKernel::kSma, {5}, {price}}}, {{1, 0}}));
  EXPECT_TRUE(refused({{FactorKernel::kSma, {5}, {price}},
                       {FactorKernel::kSma, {5}, {output(0, 1)}}},
                      {}));
  ASSERT_TRUE(FactorProgram::make({}, {}, &program).ok());
  const TickBatchMemory batch(1);
  batch.columns().symbol[0] = kSymbolLimit;
  EXPECT_FALSE(program->run(batch.columns(), 1, nullptr));
}

}  // namespace
}  // namespace ndts
