// What exchanges want of the orders and positions of an account there. What always holds: an
// exchange that is not named here nets: it knows neither offsets nor days of a position.

/** Of an exchange that keeps long and short apart. */
export interface OffsetRule {
  /** Closing what was opened today is another order than closing what was opened before. */
  readonly tellsToday: boolean;
  /** Minute of the UTC day at which its trading day begins: before the first night session. */
  readonly dayStartMinute: number;
}

/** 20:00 in China, which sets no clocks. */
const chinaEvening = 12 * 60;
const together: OffsetRule = { tellsToday: false, dayStartMinute: chinaEvening };
const apart: OffsetRule = { tellsToday: true, dayStartMinute: chinaEvening };

const rules: Readonly<Record<string, OffsetRule>> = {
  ...{ SHFE: apart, INE: apart },
  ...{ DCE: together, CZCE: together, CFFEX: together, GFEX: together },
};

/** undefined: the exchange nets. */
export function offsetRuleOf(exchange: string): OffsetRule | undefined {
  return Object.hasOwn(rules, exchange) ? rules[exchange] : undefined;
}

export function dayStartOf(exchange: string): number {
  return offsetRuleOf(exchange)?.dayStartMinute ?? 0;
}
