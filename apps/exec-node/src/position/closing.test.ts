// What persons have closed of what strategies hold: what counts, what does not, what is taken back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundClosing, type Closing, closeByPersons, takeFromPersons } from './closing.js';

class Persons implements Closing {
  quantity = 0n;
  closing = 0n;

  /** Signed; `held`: by strategies on the other side. */
  execute(change: bigint, held: bigint): bigint {
    this.quantity += change;
    const side = change > 0n ? 1 : -1;
    closeByPersons(this, side, change > 0n ? change : -change, held);
    return this.closing;
  }
}

test('what is their own goes first, then what strategies hold, the rest opens', () => {
  const persons = new Persons();
  assert.equal(persons.execute(3n, 0n), 0n);
  assert.equal(persons.execute(-2n, 5n), 0n);
  assert.equal(persons.execute(-3n, 5n), -2n);
  assert.equal(persons.execute(-9n, 5n), -5n, 'not more than is held');
  assert.equal(persons.execute(6n, 0n), -5n, 'their own short of 6');
  assert.equal(persons.execute(4n, 0n), -1n, 'opened again');
  assert.equal(persons.execute(4n, 2n), 2n, 'and through to the other side');
});

test('bounded by what is held, and less what was somebody else’s', () => {
  const persons = new Persons();
  persons.execute(-5n, 5n);
  boundClosing(persons, 4n, 7n);
  assert.equal(persons.closing, -4n);
  takeFromPersons(persons, 1, 9n);
  assert.equal(persons.closing, -4n, 'of the other side');
  takeFromPersons(persons, -1, 3n);
  assert.equal(persons.closing, -1n);
  takeFromPersons(persons, -1, 3n);
  assert.equal(persons.closing, 0n);
});
