// hot: no allocation after init (but growth when rules change)
// How far the times that several sources give one row may differ, by symbol, as the cleaning rules
// say. Always: a symbol that nobody named has what plan 0 says.

import type { RulesTaker, SourceRules } from '../clean/settings.js';

export class SkewTable implements RulesTaker {
  #plans = new Float64Array(1);
  #planOf = new Uint16Array(0);
  /** Whether any symbol has one, or had. */
  isAny = false;

  /** @param everybodyNs of all symbols, until there are rules */
  constructor(everybodyNs = 0) {
    this.#plans[0] = everybodyNs;
    this.isAny = everybodyNs > 0;
  }

  setRules({ plans, planOf }: SourceRules): void {
    this.#plans = Float64Array.from(plans, ({ skewNs }) => skewNs);
    this.#planOf = planOf.slice();
    this.isAny ||= this.#plans.some((skewNs) => skewNs > 0);
  }

  assign(symbol: number, plan: number): void {
    if (symbol >= this.#planOf.length) {
      const planOf = new Uint16Array(Math.max(64, 2 * symbol));
      planOf.set(this.#planOf);
      this.#planOf = planOf;
    }
    this.#planOf[symbol] = plan;
  }

  /** In nanoseconds. */
  of(symbol: number): number {
    return this.#plans[symbol < this.#planOf.length ? this.#planOf[symbol]! : 0]!;
  }
}
