// Factors as strategies declare them: plain data that names a kernel and its settings. The same
// declaration is run over a stream and over history.

export interface BollingerFactor {
  readonly kind: 'bollinger';
  readonly period: number;
  /** Width in population standard deviations. */
  readonly width: number;
}

export type FactorDeclaration = BollingerFactor;
export type FactorDeclarations = Readonly<Record<string, FactorDeclaration>>;

/** Bollinger bands: value is %B, signal +1 below the lower band and -1 above the upper one. */
export function bollinger(options: {
  readonly period?: number;
  readonly width?: number;
}): BollingerFactor {
  return { kind: 'bollinger', period: options.period ?? 20, width: options.width ?? 2 };
}

/** How many ticks per symbol a factor needs before its first value. */
export function warmUpTicks(factors: FactorDeclarations): number {
  return Math.max(0, ...Object.values(factors).map((factor) => factor.period));
}
