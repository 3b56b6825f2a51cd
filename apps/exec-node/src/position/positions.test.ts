// Positions against a naive recomputation in exact fractions, over random fills.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { divideRound, parseMoney } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { Positions } from './positions.js';

interface Lot {
  readonly side: number;
  readonly quantity: bigint;
  readonly price: bigint;
  readonly fee: bigint;
}

/** Average cost as a fraction that is never rounded. */
class NaivePosition {
  quantity = 0n;
  /** Cost of the open quantity: numerator / denominator, scaled by 1e16. */
  #numerator = 0n;
  #denominator = 1n;
  #realisedNumerator = 0n;
  #realisedDenominator = 1n;

  add(lot: Lot): void {
    let rest = lot.quantity;
    const sign = BigInt(lot.side);
    const open = this.quantity < 0n ? -this.quantity : this.quantity;
    if (this.quantity !== 0n && this.quantity > 0n !== lot.side > 0) {
      const closing = rest < open ? rest : open;
      // Released = cost * closing / open; realised += -sign * closing * price - released.
      const releasedNumerator = this.#numerator * closing;
      const releasedDenominator = this.#denominator * open;
      this.#realise(-sign * closing * lot.price, 1n);
      this.#realise(-releasedNumerator, releasedDenominator);
      this.#numerator = this.#numerator * open - releasedNumerator;
      this.#denominator = releasedDenominator;
      this.quantity += sign * closing;
      rest -= closing;
      this.#shorten();
    }
    this.#numerator += sign * rest * lot.price * this.#denominator;
    this.quantity += sign * rest;
  }

  get realised(): bigint {
    return divideRound(this.#realisedNumerator, this.#realisedDenominator);
  }

  get averagePrice(): bigint {
    if (this.quantity === 0n) return 0n;
    return divideRound(this.#numerator, this.#denominator * this.quantity);
  }

  #realise(numerator: bigint, denominator: bigint): void {
    this.#realisedNumerator =
      this.#realisedNumerator * denominator + numerator * this.#realisedDenominator;
    this.#realisedDenominator *= denominator;
    const shared = gcd(this.#realisedNumerator, this.#realisedDenominator);
    this.#realisedNumerator /= shared;
    this.#realisedDenominator /= shared;
  }

  #shorten(): void {
    const shared = gcd(this.#numerator, this.#denominator);
    this.#numerator /= shared;
    this.#denominator /= shared;
  }
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x === 0n ? 1n : x;
}

function near(a: bigint, b: bigint, tolerance: bigint, what: string): void {
  const gap = a > b ? a - b : b - a;
  assert.ok(gap <= tolerance, `${what}: ${a} and ${b}`);
}

function randomLot(random: SeededRandom): Lot {
  return {
    side: random.integer(2) === 0 ? 1 : -1,
    quantity: BigInt(1 + random.integer(500)) * (random.integer(2) === 0 ? 100_000_000n : 1_234n),
    price: BigInt(1 + random.integer(2_000_000_000)),
    fee: BigInt(random.integer(1000)),
  };
}

test('random fills: equal to the naive recomputation, and cash always adds up', () => {
  const seed = 20_260_101;
  console.log(`seed ${seed}`);
  const random = new SeededRandom(seed);
  for (let round = 0; round < 40; round++) {
    const positions = new Positions();
    const naive = [new NaivePosition(), new NaivePosition()];
    for (let step = 1; step <= 60; step++) {
      const symbol = random.integer(2);
      const lot = randomLot(random);
      positions.execute(symbol, lot.side, lot.quantity, lot.price, lot.fee);
      naive[symbol]?.add(lot);
      const position = positions.ensure(symbol);
      assert.equal(position.quantity, naive[symbol]?.quantity);
      // Each closing fill rounds once, at 1e-16.
      near(position.realised, naive[symbol]?.realised ?? 0n, BigInt(step), 'realised');
      near(position.averagePrice, naive[symbol]?.averagePrice ?? 0n, 1n, 'average price');
      assert.equal(position.realised, position.cash + position.cost);
    }
    const all = [...positions.all()];
    assert.equal(
      positions.realised(),
      all.reduce((sum, { realised }) => sum + realised, 0n),
    );
    assert.equal(
      positions.unrealised(),
      all.reduce((sum, { unrealised }) => sum + unrealised, 0n),
    );
    assert.equal(
      positions.fees(),
      all.reduce((sum, { fees }) => sum + fees, 0n),
    );
  }
});

const one = parseMoney('1');

test('a flip closes at the old average and opens at the new price', () => {
  const positions = new Positions();
  positions.execute(1, 1, 10n * one, 5n * one, 0n);
  positions.execute(1, -1, 15n * one, 7n * one, 0n);
  const position = positions.ensure(1);
  assert.equal(position.quantity, -5n * one);
  assert.equal(position.averagePrice, 7n * one);
  assert.equal(position.realised, 20n * one * one);
});

test('a corrected execution costs what is held of it more, the rest was realised for less', () => {
  for (const [sold, short] of [
    [6n, false],
    [10n, false],
    [0n, false],
    [6n, true],
  ] as const) {
    const side = short ? -1 : 1;
    const [positions, exact] = [new Positions(), new Positions()];
    positions.execute(1, side, 10n * one, 100n * one, 0n);
    exact.execute(1, side, 10n * one, 110n * one, one);
    if (sold > 0n)
      for (const book of [positions, exact]) book.execute(1, -side, sold * one, 105n * one, 0n);
    positions.correct(1, side, 10n * one, 10n * one, one);
    for (const book of [positions, exact]) {
      book.touch(1);
      book.mark(() => 105n * one);
    }
    positions.ensure(1).markPrice = exact.ensure(1).markPrice;
    assert.deepEqual(positions.ensure(1), exact.ensure(1));
    assert.equal(positions.realised(), exact.realised());
    assert.equal(positions.dayLoss(), exact.dayLoss());
  }
});

test('marks: only what was touched, and sums follow', () => {
  const positions = new Positions();
  positions.execute(1, 1, 10n * one, 5n * one, 0n);
  assert.equal(positions.unrealised(), 0n);
  let asked = 0;
  const price = (): bigint => {
    asked += 1;
    return 4n * one;
  };
  // An execution may be told late: the market has the last word.
  positions.mark(price);
  assert.equal(asked, 1);
  assert.equal(positions.unrealised(), -10n * one * one);
  positions.mark(price);
  assert.equal(asked, 1);
  positions.touch(1);
  positions.touch(1);
  positions.touch(2);
  positions.mark(price);
  assert.equal(asked, 2);
  assert.equal(positions.unrealised(), -10n * one * one);
  assert.equal(positions.dayLoss(), 10n * one * one);
});

test('the loss of the day is what all was worth when it began, less what it is worth', () => {
  const positions = new Positions();
  positions.beginDay(new Map());
  positions.execute(1, 1, 2n * one, 10n * one, one);
  positions.execute(1, -1, one, 7n * one, one);
  // Realised -3, fees 2, one share bought at 10 and marked at 7.
  assert.equal(positions.dayLoss(), 8n * one * one);
  positions.beginDay(new Map([[1, 9n * one]]));
  assert.equal(positions.dayLoss(), 0n, 'what was lost before is of before');
  positions.touch(1);
  positions.mark(() => 5n * one);
  assert.equal(positions.dayLoss(), 4n * one * one);
  // Sold at 6, of which 3 were lost today and 1 before; whenever it is said to have been.
  positions.execute(1, -1, one, 6n * one, 0n);
  assert.equal(positions.dayLoss(), 3n * one * one);
  positions.execute(2, 1, one, one, 5n * one);
  assert.equal(positions.dayLoss(), 8n * one * one);
});
