// What symbols are worth, as a file or a person declares it: multiplier, currency, tick size, lot,
// exchange. What always holds: each declaration is in the journal before it counts; what PnL is
// counted by changes only while nothing of the symbol is held or open, and the currency only before
// it was ever traded; a currency without a rate is refused.

import {
  type InstrumentRequest,
  type InstrumentTerms,
  type InstrumentView,
  moneyText,
  NdtsError,
  parseMoney,
} from '@ndts/protocol';
import type { Ledger } from '../order/ledger.js';
import type { Scribe } from '../order/scribe.js';
import { dayStartOf } from './exchange.js';
import type { Rates } from './rates.js';

export type InstrumentDeclaration = Omit<InstrumentRequest, 'actor' | 'why'>;

export interface InstrumentsDeps {
  readonly ledger: Ledger;
  readonly scribe: Scribe;
  readonly rates: Rates;
  readonly symbolName: (id: number) => string;
}

const multiplierMax = 1_000_000_000;

export class Instruments {
  readonly #deps: InstrumentsDeps;
  readonly #fromFile = new Set<number>();

  constructor(deps: InstrumentsDeps) {
    this.#deps = deps;
  }

  /** After the journal was folded: takes what the file says. Throws CONFIG_INVALID_VALUE when it
   * can't be so, or when the rate of a currency is gone. */
  open(file: readonly InstrumentDeclaration[]): void {
    const { ledger, rates, symbolName } = this.#deps;
    try {
      for (const declared of file) {
        this.#fromFile.add(declared.symbol);
        // Of a symbol in the file all is said there.
        this.#take(termsOf(declared, plainInstrument(declared.symbol)));
      }
      for (const { symbol, currency } of ledger.books.instruments())
        if (!rates.has(currency)) throw noRate(symbolName(symbol), currency);
    } catch (error) {
      if (!(error instanceof NdtsError) || error.code !== 'INVALID_ARGUMENT') throw error;
      throw new NdtsError('CONFIG_INVALID_VALUE', `exec.instruments: ${error.message}`);
    }
  }

  /** What a person declares. Throws INVALID_ARGUMENT when it can't be so now. */
  set(declared: InstrumentDeclaration): InstrumentView {
    const { ledger, symbolName } = this.#deps;
    const { symbol } = declared;
    if (this.#fromFile.has(symbol))
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `${symbolName(symbol)} is in the file of exec.instruments: change it there`,
      );
    const before = ledger.books.instrument(symbol) ?? plainInstrument(symbol);
    const terms = termsOf(declared, before);
    this.#take(terms);
    return this.#view(terms);
  }

  views(): InstrumentView[] {
    const views = [...this.#deps.ledger.books.instruments()].map((terms) => this.#view(terms));
    return views.sort((a, b) => a.symbol - b.symbol);
  }

  #take(terms: InstrumentTerms): void {
    const { ledger, scribe, rates, symbolName } = this.#deps;
    const { books } = ledger;
    const before = books.instrument(terms.symbol);
    if (before !== undefined && isSame(before, terms)) return;
    const name = symbolName(terms.symbol);
    if (!rates.has(terms.currency)) throw noRate(name, terms.currency);
    const was = before ?? plainInstrument(terms.symbol);
    const counts = was.multiplier !== terms.multiplier || was.exchange !== terms.exchange;
    if (counts && books.isInUse(terms.symbol))
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `${name}: its multiplier or exchange changes only while nothing of it is held or open`,
      );
    if (was.currency !== terms.currency && books.wasTraded(terms.symbol))
      throw new NdtsError(
        'INVALID_ARGUMENT',
        `${name}: it was traded in ${was.currency || 'the currency of the account'}, and stays so`,
      );
    scribe.instrument(terms);
  }

  #view(terms: InstrumentTerms): InstrumentView {
    const { rates, symbolName } = this.#deps;
    const { symbol, tickSize, lot, currency, multiplier, exchange, product } = terms;
    return {
      ...{ symbol, symbolName: symbolName(symbol), currency, multiplier },
      ...{ exchange, product, tickSize: moneyText(tickSize), lot: moneyText(lot) },
      rate: moneyText(rates.of(currency)),
      fromFile: this.#fromFile.has(symbol),
    };
  }
}

function plainInstrument(symbol: number): InstrumentTerms {
  return {
    ...{ symbol, currency: '', multiplier: 1, tickSize: 0n, lot: 0n },
    ...{ exchange: '', product: '', dayStartMinute: 0 },
  };
}

function termsOf(declared: InstrumentDeclaration, before: InstrumentTerms): InstrumentTerms {
  const { symbol, tickSize, lot } = declared;
  const multiplier = declared.multiplier ?? before.multiplier;
  if (!Number.isInteger(multiplier) || multiplier < 1 || multiplier > multiplierMax)
    throw new NdtsError(
      'INVALID_ARGUMENT',
      `multiplier: expected a whole number from 1 to ${multiplierMax}, found ${multiplier}`,
    );
  const exchange = declared.exchange ?? before.exchange;
  return {
    ...{ symbol, multiplier, exchange },
    currency: declared.currency ?? before.currency,
    tickSize: tickSize === undefined ? before.tickSize : amountOf('tickSize', tickSize),
    lot: lot === undefined ? before.lot : amountOf('lot', lot),
    product: declared.product ?? before.product,
    dayStartMinute: dayStartOf(exchange),
  };
}

function amountOf(name: string, text: string): bigint {
  const amount = parseMoney(text);
  if (amount >= 0n) return amount;
  throw new NdtsError('INVALID_ARGUMENT', `${name}: expected 0 or more, found ${text}`);
}

function isSame(a: InstrumentTerms, b: InstrumentTerms): boolean {
  return (Object.keys(a) as (keyof InstrumentTerms)[]).every((key) => a[key] === b[key]);
}

function noRate(name: string, currency: string): NdtsError {
  return new NdtsError(
    'INVALID_ARGUMENT',
    `${name} is priced in ${currency}, of which risk.rates names no rate`,
  );
}
