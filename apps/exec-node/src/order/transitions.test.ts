// The table of transitions: what must be legal though surprising, what must not, and that the page
// shows the table.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { OrderState, OrderStateNames } from '@ndts/protocol';
import {
  eventOfState,
  isFinal,
  nextState,
  orderDiagram,
  orderEvents,
  orderTable,
  orderTransitions,
} from './transitions.js';

test('the surprising transitions are legal', () => {
  assert.equal(nextState(OrderState.canceled, 'fill'), OrderState.partiallyFilled);
  assert.equal(nextState(OrderState.canceled, 'complete'), OrderState.filled);
  assert.equal(nextState(OrderState.expired, 'complete'), OrderState.filled);
  assert.equal(nextState(OrderState.submitted, 'complete'), OrderState.filled);
  assert.equal(nextState(OrderState.submitted, 'fill'), OrderState.partiallyFilled);
  assert.equal(nextState(OrderState.pendingCancel, 'accept'), OrderState.accepted);
  assert.equal(nextState(OrderState.pendingCancel, 'complete'), OrderState.filled);
  assert.equal(nextState(OrderState.filled, 'accept'), OrderState.filled);
  assert.equal(nextState(OrderState.unknown, 'accept'), OrderState.accepted);
});

test('what must not happen is illegal', () => {
  for (const event of orderEvents) {
    assert.equal(nextState(OrderState.denied, event), 0, `denied, ${event}`);
    assert.equal(nextState(OrderState.rejected, event), 0, `rejected, ${event}`);
  }
  assert.equal(nextState(OrderState.filled, 'cancel'), 0);
  assert.equal(nextState(OrderState.filled, 'fill'), 0);
  assert.equal(nextState(OrderState.accepted, 'reject'), 0);
  assert.equal(nextState(OrderState.initialized, 'submit'), 0);
  assert.equal(nextState(OrderState.canceled, 'lose'), 0);
});

test('the lookup equals the table', () => {
  for (const from of Object.values(OrderStateNames))
    for (const event of orderEvents) {
      const to = orderTransitions[from][event];
      const expected = to === undefined ? 0 : OrderState[to];
      assert.equal(nextState(OrderState[from], event), expected, `${from}, ${event}`);
    }
});

test('every state can be reached, and every open state can end', () => {
  const reached = new Set<string>(['initialized']);
  for (const from of reached)
    for (const to of Object.values(orderTransitions[from as keyof typeof orderTransitions]))
      reached.add(to);
  assert.deepEqual(reached, new Set(Object.values(OrderStateNames)));
  for (const name of Object.values(OrderStateNames)) {
    if (isFinal(OrderState[name]) || name === 'initialized') continue;
    assert.equal(nextState(OrderState[name], 'complete'), OrderState.filled, name);
    assert.equal(nextState(OrderState[name], 'cancel'), OrderState.canceled, name);
  }
});

test('a word about fills is no event: the fills are', () => {
  assert.equal(eventOfState(OrderState.filled), undefined);
  assert.equal(eventOfState(OrderState.partiallyFilled), undefined);
  assert.equal(eventOfState(OrderState.canceled), 'cancel');
});

test('docs/protocol/orders.md shows diagram and table as they are', () => {
  const page = new URL('../../../../docs/protocol/orders.md', import.meta.url);
  const text = readFileSync(page, 'utf8');
  assert.ok(text.includes(`\`\`\`mermaid\n${orderDiagram()}\n\`\`\``), orderDiagram());
  assert.ok(text.includes(orderTable()), orderTable());
});
