// Expressions to a native program: every part once, however often it is used, what it needs before
// it.

import {
  createFactorProgram,
  type FactorInput,
  type FactorNode,
  type FactorPort,
  type FactorProgram,
} from '@ndts/native/factor';
import { type Expression, operate } from './expression.js';
import { isTimed } from './functions.js';

class Compiler {
  readonly nodes: FactorNode[] = [];
  readonly #places = new Map<string, number>();

  port(expression: Expression): FactorPort {
    // An output is a kernel's; numbers and columns are handed through one.
    if (expression.kind !== 'kernel') return this.port(operate('+', expression, 0));
    const { kernel, parameters, inputs, port } = expression;
    const read = inputs.map((one) => this.#input(one));
    if (isTimed(kernel)) read.push({ node: this.#pane(parameters[0]!) });
    return { node: this.#place({ kernel, parameters, inputs: read }), port };
  }

  /** Which pane of a window so long a row is in: all windows of that length share it. */
  #pane(spanNs: number): number {
    const inputs = [{ column: 'day' }, { column: 'nsOfDay' }] as const;
    return this.#place({ kernel: 'pane', parameters: [spanNs], inputs });
  }

  #place(node: FactorNode): number {
    const key = JSON.stringify(node);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.nodes.push(node);
    this.#places.set(key, this.nodes.length - 1);
    return this.nodes.length - 1;
  }

  #input(expression: Expression): FactorInput {
    if (expression.kind === 'number') return { number: expression.value };
    if (expression.kind === 'column') return { column: expression.name };
    return this.port(expression);
  }
}

/** The outputs of the program are the values of the expressions, in their order. */
export function compileFactors(
  expressions: readonly Expression[],
  capacity: number,
): FactorProgram {
  const compiler = new Compiler();
  const wanted = expressions.map((one) => compiler.port(one));
  return createFactorProgram(compiler.nodes, wanted, capacity);
}
