// Values that JavaScript has no number for, as text: whole numbers of 128 bits, decimals, spans of
// time, identifiers.
#pragma once

#include <cstdint>
#include <string>

#include "sql/duckdb_api.h"

namespace ndts {

[[nodiscard]] std::string int128_text(__int128 value);
[[nodiscard]] std::string uint128_text(unsigned __int128 value);
// `value` times 10 to the power of -scale.
[[nodiscard]] std::string decimal_text(__int128 value, std::uint8_t scale);
// "1 month 2 days 00:00:01.5"
[[nodiscard]] std::string interval_text(const duckdb::Interval& interval);
[[nodiscard]] std::string uuid_text(const duckdb::Int128& value);

[[nodiscard]] inline __int128 wide(const duckdb::Int128& value) {
  return static_cast<__int128>((static_cast<unsigned __int128>(value.upper) << 64) | value.lower);
}

}  // namespace ndts
