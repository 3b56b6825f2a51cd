// Orders through the real ccxt, over HTTP, at a stand-in that speaks as several venues do. These
// tests are there where ccxt is, or where NDTS_TEST_CCXT names its module.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { CcxtBroker, ccxtDefaults, type CcxtTradingModule } from '@ndts/exec-node';
import { moneyText, OrderState, parseMoney } from '@ndts/protocol';
import { createSilentLogger, SeededRandom, SystemClock } from '@ndts/runtime';
import { type ExchangeClass, ExchangeHttp } from '../kit/exchange-http.js';
import { Heard } from './broker-kit.js';
import { buy, symbol } from './crypto-kit.js';
import { findCcxt } from './find-ccxt.js';

const ccxt = findCcxt();
const clock = new SystemClock();

interface Scene {
  readonly venue: ExchangeHttp;
  readonly broker: CcxtBroker;
  readonly heard: Heard;
}

async function scene(context: TestContext, name: string, module: string): Promise<Scene> {
  const venue = new ExchangeHttp(name);
  await venue.start();
  context.after(() => venue.stop());
  const load = async (): Promise<CcxtTradingModule> => {
    const found = (await import(module)) as {
      readonly default: { readonly pro: Readonly<Record<string, ExchangeClass>> };
    };
    const original = found.default.pro[name];
    assert.ok(original !== undefined);
    return { pro: { [name]: venue.tamed(original) } };
  };
  const broker = new CcxtBroker({
    ...{ ...ccxtDefaults, venue: name, load, markets: new Map([[symbol, 'BTC/USDT']]), clock },
    ...{ random: new SeededRandom(5), logger: createSilentLogger(), pollMs: 1, inFlightMs: 20 },
    settings: { apiKey: 'k', secret: 'c2VjcmV0', password: 'p', rateLimit: 1 },
    backOff: { firstMs: 1, maxMs: 2 },
  });
  context.after(() => broker.disconnect());
  const heard = new Heard();
  await broker.connect(heard);
  return { venue, broker, heard };
}

async function until({ broker }: Scene, what: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    broker.doWork();
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.fail('it never came');
}

async function stateOf({ broker }: Scene, id: string): Promise<OrderState | undefined> {
  if (!broker.connected()) return undefined;
  return (await broker.queryOrder(id).catch(() => undefined))?.state;
}

const refusals: Readonly<Record<string, unknown>> = {
  binance: { httpCode: 400, code: -2010, msg: 'Account has insufficient balance for it.' },
  okx: { code: '1', data: [{ sCode: '51008', sMsg: 'Insufficient balance' }] },
  bybit: { retCode: 170131, retMsg: 'Insufficient balance.', result: {} },
  kraken: { error: ['EOrder:Orders limit exceeded'] },
  coinbase: { success: false, error_response: { error: 'X', message: 'Insufficient balance' } },
};

if (ccxt !== undefined)
  for (const name of Object.keys(refusals)) {
    test(`${name}: orders rest, execute, are canceled and refused`, async (context) => {
      const one = await scene(context, name, ccxt);
      const { venue, broker, heard } = one;
      buy(broker, '7-1-0', '1', '90');
      buy(broker, '7-2-0', '2', '101');
      await until(one, () => heard.filled('7-2-0') > 0n && heard.states('7-1-0').length > 0);
      const [fill] = heard.fills;
      // Bybit takes the fee of a purchase in the coin.
      assert.deepEqual(
        [moneyText(fill?.quantity ?? 0n), moneyText(fill?.price ?? 0n), moneyText(fill?.fee ?? 0n)],
        ['2', '101', name === 'bybit' ? '10.1' : '0.1'],
      );
      const [open, ...more] = await broker.queryOpenOrders();
      assert.deepEqual(
        [open?.clientOrderId, open?.state, more],
        ['7-1-0', OrderState.accepted, []],
      );
      assert.deepEqual(open?.working, {
        ...{ quantity: parseMoney('1'), limitPrice: parseMoney('90'), stopPrice: 0n },
      });
      const [held] = await broker.queryPositions();
      assert.equal(moneyText(held?.quantity ?? 0n), '2');
      broker.cancel('7-1-0');
      await until(one, () => heard.states('7-1-0').includes(OrderState.canceled));
      venue.refusal = refusals[name];
      buy(broker, '7-3-0', '1', '90');
      await until(one, () => heard.states('7-3-0').length > 0);
      assert.deepEqual(heard.states('7-3-0'), [OrderState.rejected]);
    });

    test(`${name}: orders whose answers got lost are found`, async (context) => {
      const one = await scene(context, name, ccxt);
      const { venue, broker } = one;
      venue.losesAnswers = true;
      buy(broker, '7-1-0', '1', '90');
      await until(one, () => venue.orders.length === 1);
      await until(one, async () => (await stateOf(one, '7-1-0')) === OrderState.accepted);
      buy(broker, '7-2-0', '1', '101');
      await until(one, () => venue.orders.length === 2);
      await until(one, async () => (await stateOf(one, '7-2-0')) === OrderState.filled);
      const fills = (await broker.queryFills()).filter(({ side }) => side > 0);
      assert.deepEqual(
        fills.map(({ clientOrderId }) => clientOrderId),
        ['7-2-0'],
      );
      assert.equal(venue.orders.length, 2, 'none was sent again');
    });
  }
