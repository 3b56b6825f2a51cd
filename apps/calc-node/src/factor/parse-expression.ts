// Factors as people write them: `zscore(ema(price, 20) / vwap(60s), 120)`,
// `bollinger(price).upper`. A name is a column, a name with brackets a function, a name behind a
// dot one of its outputs, a number with a unit a length of time. What is wrong is said with its
// place.

import { NdtsError } from '@ndts/protocol';
import {
  call,
  type Expression,
  expressionOf,
  isColumn,
  negate,
  type Operand,
  type Operator,
  operate,
  output,
} from './expression.js';
import type { TimeSpan } from './time-span.js';

interface Token {
  readonly kind: 'number' | 'name' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

const tokenPattern = /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|([-+*/(),.]))/y;
/** Makes what a name with brackets stands for; throws INVALID_ARGUMENT. */
export type Calls = (name: string, ...given: readonly Operand[]) => Expression;

/** Deeper ones are nobody's wish, and a parser's stack ends somewhere. */
const depthMax = 200;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const rest = /\s*$/y;
  let at = 0;
  for (;;) {
    rest.lastIndex = at;
    if (rest.test(text)) break;
    tokenPattern.lastIndex = at;
    const found = tokenPattern.exec(text);
    if (found === null) {
      const where = at + (/\S/.exec(text.slice(at))?.index ?? 0);
      throw wrong(`unexpected '${text[where]}'`, where);
    }
    const [, number, name, sign] = found;
    const token = number ?? name ?? sign ?? '';
    const kind = number !== undefined ? 'number' : name !== undefined ? 'name' : 'sign';
    tokens.push({ kind, text: token, at: tokenPattern.lastIndex - token.length });
    at = tokenPattern.lastIndex;
  }
  tokens.push({ kind: 'end', text: 'the end', at: text.length });
  return tokens;
}

function wrong(what: string, at: number): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', `factor expression, at ${at + 1}: ${what}`);
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #calls: Calls;
  #at = 0;
  #depth = 0;

  constructor(text: string, calls: Calls) {
    this.#tokens = tokensOf(text);
    this.#calls = calls;
  }

  whole(): Expression {
    const found = this.#sum();
    const { kind, text, at } = this.#peek();
    if (kind !== 'end') throw wrong(`unexpected '${text}'`, at);
    return found;
  }

  #peek(): Token {
    return this.#tokens[this.#at]!;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#at += 1;
    return token;
  }

  #takes(sign: string): boolean {
    const { kind, text } = this.#peek();
    if (kind !== 'sign' || text !== sign) return false;
    this.#at += 1;
    return true;
  }

  #expect(sign: string): void {
    const { text, at } = this.#peek();
    if (!this.#takes(sign)) throw wrong(`expected '${sign}', found '${text}'`, at);
  }

  #operator(...signs: readonly Operator[]): Operator | undefined {
    return signs.find((sign) => this.#takes(sign));
  }

  #sum(): Expression {
    this.#depth += 1;
    if (this.#depth > depthMax) throw wrong('too many brackets', this.#peek().at);
    let left = this.#product();
    for (;;) {
      const operator = this.#operator('+', '-');
      if (operator === undefined) break;
      left = operate(operator, left, this.#product());
    }
    this.#depth -= 1;
    return left;
  }

  #product(): Expression {
    let left = this.#signed();
    for (;;) {
      const operator = this.#operator('*', '/');
      if (operator === undefined) return left;
      left = operate(operator, left, this.#signed());
    }
  }

  #signed(): Expression {
    let minus = false;
    while (this.#takes('-')) minus = !minus;
    const of = this.#operand();
    if (!minus) return of;
    return of.kind === 'number' ? { kind: 'number', value: -of.value } : negate(of);
  }

  #operand(): Expression {
    const { kind, text, at } = this.#next();
    if (kind === 'number') {
      if (this.#unit(text, at) !== undefined)
        throw wrong(`'${text}${this.#peek().text}': a time stands alone, as in vwap(60s)`, at);
      const value = Number(text);
      if (!Number.isFinite(value)) throw wrong(`'${text}' is beyond what a number can be`, at);
      return expressionOf(value);
    }
    if (kind === 'sign' && text === '(') {
      const inner = this.#sum();
      this.#expect(')');
      return inner;
    }
    if (kind !== 'name') throw wrong(`unexpected '${text}'`, at);
    if (this.#takes('(')) return this.#call(text, at);
    if (isColumn(text)) return expressionOf(text);
    throw wrong(`there is no column '${text}'`, at);
  }

  /** The name that follows a number without a space. */
  #unit(number: string, at: number): string | undefined {
    const { kind, text, at: unitAt } = this.#peek();
    return kind === 'name' && unitAt === at + number.length ? text : undefined;
  }

  /** Of a function: a time such as 60s, or an expression. */
  #argument(): Operand {
    const { kind, text, at } = this.#peek();
    if (kind === 'number') {
      this.#at += 1;
      const unit = this.#unit(text, at);
      this.#at -= 1;
      const behind = this.#tokens[this.#at + 2];
      if (unit !== undefined && (behind?.text === ',' || behind?.text === ')')) {
        this.#at += 2;
        return `${text}${unit}` as TimeSpan;
      }
    }
    const made = this.#sum();
    return made.kind === 'number' ? made.value : made;
  }

  #call(name: string, at: number): Expression {
    const given: Operand[] = [];
    if (!this.#takes(')')) {
      do given.push(this.#argument());
      while (this.#takes(','));
      this.#expect(')');
    }
    const made = placed(at, () => this.#calls(name, ...given));
    if (!this.#takes('.')) return made;
    const port = this.#next();
    return placed(port.at, () => output(made, name, port.text));
  }
}

/** Says where in the text something is wrong. */
function placed<T>(at: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof NdtsError ? wrong(error.message, at) : error;
  }
}

export function parseExpression(text: string): Expression {
  return parseWithCalls(text, call);
}

/** With more functions than those of factors, or others. */
export function parseWithCalls(text: string, calls: Calls): Expression {
  return new Parser(text, calls).whole();
}
