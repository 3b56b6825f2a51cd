// What an execution cost, of a report or of one side of a trade. What always holds: amounts of two
// currencies are never added; a fee in the currency of the price has none named.

import { divideRound, type Fill, moneyScale, moneyText } from '@ndts/protocol';
import { type FixMessage, Tag } from '@ndts/runtime/fix';

export type FixFee = Pick<Fill, 'fee' | 'feeCurrency'> & {
  /** What cannot be counted with it, in words; empty: nothing. */
  readonly besides: string;
};

/** Values of CommType; others are absolute. MiscFeeBasis says the same with 0 for absolute. */
const perUnit = '1';
const percent = '2';
const pairName = /^[A-Z]{3,5}\/([A-Z]{3,5})$/;

/** Commission and all further fees that the fields [from, to) tell. */
export function readFee(
  message: FixMessage,
  from: number,
  to: number,
  quantity: bigint,
  price: bigint,
): FixFee {
  const own = priceCurrency(message, from, to);
  const sums = new Map<string, bigint>();
  const add = (told: string, amount: bigint): void => {
    const currency = told === own ? '' : told;
    if (amount !== 0n) sums.set(currency, (sums.get(currency) ?? 0n) + amount);
  };
  const commission = message.money(Tag.commission, from, to) ?? 0n;
  const kind = message.text(Tag.commType, from, to);
  add(message.text(Tag.commCurrency, from, to), amountOf(commission, kind, quantity, price));
  for (let at = message.indexOf(Tag.miscFeeAmt, from, to); at >= 0; ) {
    const next = message.indexOf(Tag.miscFeeAmt, at + 1, to);
    const end = next < 0 ? to : next;
    const basis = message.text(Tag.miscFeeBasis, at, end);
    const amount = amountOf(message.moneyAt(at) ?? 0n, basis, quantity, price);
    add(message.text(Tag.miscFeeCurr, at, end), amount);
    at = next;
  }
  return counted(sums);
}

/** In the currency of the price, else in the first one; the rest is for a person. */
function counted(sums: Map<string, bigint>): FixFee {
  const [first = ''] = sums.has('') ? [''] : sums.keys();
  const fee = sums.get(first) ?? 0n;
  sums.delete(first);
  const besides = [...sums].map(([currency, sum]) => `${moneyText(sum)} ${currency}`).join(', ');
  return first === '' ? { fee, besides } : { fee, feeCurrency: first, besides };
}

function amountOf(told: bigint, kind: string, quantity: bigint, price: bigint): bigint {
  if (kind === perUnit) return divideRound(told * quantity, moneyScale);
  if (kind === percent) return divideRound(told * quantity * price, moneyScale * moneyScale * 100n);
  return told;
}

/** Currency is that of the price, but where a pair is traded that of the quantity. */
function priceCurrency(message: FixMessage, from: number, to: number): string {
  const pair = pairName.exec(message.text(Tag.symbol));
  if (pair !== null) return pair[1] ?? '';
  const own = message.text(Tag.currency, from, to);
  return own === '' ? message.text(Tag.currency) : own;
}
