// The sequence of the first tick that the value of an expression looks at, as an expression of its
// own: what windows of time look at is known by them alone. Always: NaN until windows of rows are
// full; a window of time looks at what it holds.

import { FactorLimit } from '@ndts/protocol';
import { compileFactors } from './compile.js';
import { call, type Expression, expressionOf } from './expression.js';
import { isTimed } from './functions.js';

/** Over ticks with a column `sequence`. */
export function firstTick(of: Expression): Expression {
  return firstOf(of) ?? expressionOf('sequence');
}

/** Whether there are windows of time in it. */
export function hasTime(of: Expression): boolean {
  return of.kind === 'kernel' && (isTimed(of.kernel) || of.inputs.some(hasTime));
}

/** undefined: it looks at no tick. */
function firstOf(of: Expression): Expression | undefined {
  if (of.kind === 'number') return undefined;
  if (of.kind === 'column') return expressionOf('sequence');
  const firsts = new Map<string, Expression>();
  for (const input of of.inputs) {
    const first = firstOf(input);
    if (first !== undefined) firsts.set(JSON.stringify(first), first);
  }
  const [one, ...others] = firsts.values();
  if (one === undefined) return undefined;
  const inner = others.reduce((least, other) => call('lesser', least, other), one);
  if (isTimed(of.kernel))
    return {
      ...{ kind: 'kernel', kernel: 'timedMinimum', parameters: [of.parameters[0]!] },
      ...{ inputs: [inner], port: 0 },
    };
  return leastOfRows(inner, rowsOf(of));
}

/** Of a kernel alone, whatever its inputs are made of. */
function rowsOf(of: Expression & { kind: 'kernel' }): number {
  const plain = { ...of, inputs: of.inputs.map(() => expressionOf('price')) };
  const program = compileFactors([plain], 1);
  program.close();
  return program.warmUp[0]!;
}

/** The least of so many rows. */
export function leastOfRows(of: Expression, rows: number): Expression {
  if (rows <= 1) return of;
  const most = Math.min(rows, FactorLimit.rows);
  return leastOfRows(call('min', of, most), rows - most + 1);
}
