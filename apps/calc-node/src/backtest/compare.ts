// Two saved runs side by side: what differs in their identity, and every figure of both.

import type { BacktestSummary } from './result.js';
import { canonicalJson } from './identity.js';

export interface ComparedFigure {
  readonly name: string;
  readonly first: string | number | null;
  readonly second: string | number | null;
  /** Second less first, where both are numbers. */
  readonly difference: number | null;
}

export interface Comparison {
  readonly first: string;
  readonly second: string;
  /** Paths of what differs between the identities, with both values. */
  readonly differences: readonly { readonly path: string; first: string; second: string }[];
  readonly figures: readonly ComparedFigure[];
}

function leaves(value: unknown, path: string, into: Map<string, string>): void {
  if (typeof value !== 'object' || value === null) into.set(path, canonicalJson(value) ?? '');
  else
    for (const [name, part] of Object.entries(value))
      leaves(part, path === '' ? name : `${path}.${name}`, into);
}

function leavesOf(value: unknown): ReadonlyMap<string, string> {
  const into = new Map<string, string>();
  leaves(value, '', into);
  return into;
}

type Figure = string | number | null;

/** Figures of the whole run, money and ratios alike. */
export function figuresOf({ statistics }: BacktestSummary): ReadonlyMap<string, Figure> {
  const { bySymbol: _, refused, total, ...own } = statistics;
  const refusals = Object.entries(refused).map(([reason, count]) => [`refused ${reason}`, count]);
  return new Map<string, Figure>([
    ...Object.entries(total),
    ...Object.entries(own),
    ...(refusals as [string, number][]),
  ]);
}

function asNumber(value: Figure | undefined): number {
  if (typeof value === 'string' && /^-?[\d.]+$/.test(value)) return Number(value);
  return typeof value === 'number' ? value : Number.NaN;
}

export function compareRuns(first: BacktestSummary, second: BacktestSummary): Comparison {
  const [one, other] = [leavesOf(first.identity), leavesOf(second.identity)];
  const paths = [...new Set([...one.keys(), ...other.keys()])];
  const [figures, others] = [figuresOf(first), figuresOf(second)];
  const names = [...new Set([...figures.keys(), ...others.keys()])];
  return {
    first: first.id,
    second: second.id,
    differences: paths
      .filter((path) => one.get(path) !== other.get(path))
      .map((path) => ({ path, first: one.get(path) ?? '-', second: other.get(path) ?? '-' })),
    figures: names.map((name) => {
      const [a, b] = [figures.get(name) ?? null, others.get(name) ?? null];
      const difference = asNumber(b) - asNumber(a);
      return {
        name,
        first: a,
        second: b,
        difference: Number.isNaN(difference) ? null : difference,
      };
    }),
  };
}
