// The states of quality: when each begins, that it goes by itself and not too soon, and that any
// history of events gives what a plain model of the rules gives.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CleanReason, createTickBatch, QualityState, TickFlags } from '@ndts/protocol';
import { loadConfig, SeededRandom, parseTextDocument } from '@ndts/runtime';
import { type CompiledRules, compileRules } from '../clean/rules.js';
import { QualityClasses } from './quality-rules.js';
import {
  type QualityLimits,
  type QualityRules,
  stateOfFlags,
  SymbolQuality,
} from './symbol-quality.js';

const limits: QualityLimits = { staleNs: 1000, gapNs: 300, crossedNs: 50, settleNs: 100 };
const rules: QualityRules = { classes: [limits], classOf: new Uint16Array(0) };
const { stale, gapped, crossed, halted } = TickFlags;
const batch = createTickBatch(4);
/** A bit that is no quality. */
const other = 1 << 20;

class Watched {
  readonly changes: string[] = [];
  readonly quality = new SymbolQuality(rules, ({ symbol, before, flags, reason, source }) =>
    this.changes.push(`${symbol} ${before}>${flags} ${reason} ${source}`),
  );

  /** One tick; returns its flags. */
  tick(nowNs: number, symbol = 1, bid = 99, ask = 100, source = 1): number {
    batch.count = 1;
    batch.symbol[0] = symbol;
    batch.bid[0] = bid;
    batch.ask[0] = ask;
    batch.flags[0] = other;
    this.quality.noteTicks(batch, source, nowNs);
    const flags = batch.flags[0];
    assert.ok((flags & other) !== 0, 'other flags stay');
    return flags & ~other;
  }
  sweep(nowNs: number): number {
    this.quality.sweep(nowNs, 1e6);
    return this.quality.flags(1);
  }
}

test('STALE by the clock alone, also without a first tick; GOOD once ticks have settled', () => {
  const watched = new Watched();
  watched.quality.watch(1, 0);
  assert.equal(watched.sweep(1000), 0, 'the border is inside');
  assert.equal(watched.sweep(1001), stale);
  assert.equal(watched.tick(1200), stale, 'one tick is not enough');
  assert.equal(watched.tick(1299), stale);
  assert.equal(watched.sweep(1300), 0);
  assert.deepEqual(watched.changes, ['1 0>1 no good tick 0', '1 1>0 settled 1']);
});

test('a silence that no sweep saw has to settle, too', () => {
  const watched = new Watched();
  assert.equal(watched.tick(0), 0);
  assert.equal(watched.tick(2000), stale);
  assert.equal(watched.tick(2100), 0);
});

test('GAPPED for its time and until a tick came; repaired, it only has to settle', () => {
  const watched = new Watched();
  watched.tick(0);
  watched.quality.gap(1, 10);
  assert.equal(watched.tick(20), gapped);
  watched.quality.gap(1, 200);
  assert.equal(watched.sweep(520), gapped, 'no tick behind the second loss');
  assert.equal(watched.tick(560), gapped);
  assert.equal(watched.sweep(660), 0);
  watched.quality.gap(1, 700);
  watched.quality.repaired(1, 710);
  assert.equal(watched.sweep(799), gapped);
  assert.equal(watched.sweep(800), 0);
});

test('CROSSED only when it lasts; rows that cleaning refused for it count', () => {
  const watched = new Watched();
  watched.tick(0, 1, 101, 100);
  assert.equal(watched.sweep(49), 0);
  assert.equal(watched.tick(50, 1, 101, 100), crossed);
  assert.equal(watched.tick(60, 1, 100, 100), crossed, 'locked is not crossed; it settles');
  assert.equal(watched.sweep(160), 0);
  batch.count = 1;
  batch.symbol[0] = 1;
  batch.flags[0] = CleanReason.crossed;
  watched.quality.noteRefused(batch, 200);
  watched.quality.noteRefused(batch, 255);
  assert.equal(watched.quality.flags(1), crossed);
});

test('HALTED until the venue resumes; other faults show beside it', () => {
  const watched = new Watched();
  watched.tick(0);
  watched.quality.halt(1, true, 10);
  assert.equal(watched.tick(20), halted);
  assert.equal(watched.sweep(1500), halted | stale);
  assert.equal(stateOfFlags(halted | stale), QualityState.HALTED);
  watched.tick(1600);
  watched.quality.halt(1, false, 1600);
  assert.equal(watched.sweep(1650), halted | stale);
  assert.equal(watched.sweep(1700), 0);
});

test('a lost source makes its own symbols STALE; another source ends that', () => {
  const watched = new Watched();
  watched.tick(0, 1, 99, 100, 1);
  watched.tick(0, 2, 99, 100, 2);
  watched.quality.watch(3, 0);
  watched.quality.lost(1, 10);
  assert.deepEqual(
    [1, 2, 3].map((symbol) => watched.quality.flags(symbol)),
    [stale, 0, 0],
  );
  watched.tick(20, 1, 99, 100, 2);
  assert.equal(watched.sweep(120), 0);
  assert.deepEqual(watched.changes, ['1 0>1 source lost 1', '1 1>0 settled 2']);
  watched.quality.gapAtSource(2, 130);
  assert.deepEqual(
    [1, 2, 3].map((symbol) => watched.quality.flags(symbol)),
    [gapped, gapped, 0],
  );
});

test('classes: the first pattern that matches', () => {
  const args = { 'quality.classes': 'BTC* staleMs=2000 settleMs=500,*X settleMs=7' };
  const { quality } = loadConfig({ args, environment: {} });
  const names = ['BTCX', 'ETHX', 'ETH'].map((name, at) => ({ id: at + 1, shard: 0, name }));
  const { classes, classOf } = new QualityClasses(quality).rules(names);
  const settle = [1, 2, 3].map((id) => classes[classOf[id]!]!.settleNs);
  assert.deepEqual(settle, [500e6, 7e6, 1000e6]);
  assert.equal(classes[1]!.staleNs, 2e9);
  const wrong = { ...quality, classes: ['BTC stalesMs=1'] };
  assert.throws(() => new QualityClasses(wrong), /stalesMs/);
});

test('classes: those of the file of cleaning rules, where the configuration names none', () => {
  const args = { 'quality.classes': 'BTC* settleMs=7' };
  const config = loadConfig({ args, environment: {} });
  const compiled = (text: string): CompiledRules => {
    const document = parseTextDocument(text, 'yaml', 'rules.yaml');
    return compileRules(document, config, { firstDay: 0, lastDay: 0 });
  };
  const text =
    'classes:\n  slow: { quality: { staleMs: 60000 } }\n' +
    '  halting: { extends: slow, quality: { settleMs: 3 } }\n' +
    'symbols:\n  - { match: "B*", class: halting }\n  - { match: C, quality: { gapMs: 9 } }\n';
  let file = compiled(text);
  const names = ['BTC', 'BX', 'C', 'D'].map((name, at) => ({ id: at + 1, shard: 0, name }));
  const quality = new QualityClasses(config.quality, () => file);
  assert.ok(quality.hasChanged());
  const { classes, classOf } = quality.rules(names);
  const of = (id: number): number[] => {
    const { staleNs, gapNs, settleNs } = classes[classOf[id]!]!;
    return [staleNs / 1e6, gapNs / 1e6, settleNs / 1e6];
  };
  const { staleMs, gapMs, settleMs } = config.quality;
  assert.deepEqual([1, 2, 3, 4].map(of), [
    [staleMs, gapMs, 7],
    [60_000, gapMs, 3],
    [staleMs, 9, settleMs],
    [staleMs, gapMs, settleMs],
  ]);
  assert.ok(!quality.hasChanged());
  file = compiled('');
  assert.ok(quality.hasChanged());
  assert.throws(
    () => compiled('classes: { a: { quality: { staleMs: -1 } } }'),
    /a\.quality\.staleMs/,
  );
  assert.throws(() => compiled('classes: { a: { quality: { staleS: 1 } } }'), /staleMs/);
});

/** The rules once more, over everything that ever happened. */
class PlainModel {
  #tick = 0;
  #gap = Number.NEGATIVE_INFINITY;
  #crossed = Number.POSITIVE_INFINITY;
  #halted = false;
  #lost = false;
  readonly #last = new Map<number, number>();
  flags = 0;

  tick(now: number, isCrossed: boolean): void {
    this.look(now);
    this.#tick = now;
    this.#lost = false;
    this.#crossed = isCrossed ? Math.min(this.#crossed, now) : Number.POSITIVE_INFINITY;
    this.look(now);
  }
  gap(now: number): void {
    this.#gap = now;
    this.look(now);
  }
  halt(now: number, isHalted: boolean): void {
    this.#halted = isHalted;
    this.look(now);
  }
  lose(now: number): void {
    this.#lost = true;
    this.look(now);
  }
  look(now: number): void {
    const wrong: [number, boolean][] = [
      [stale, this.#lost || now > this.#tick + limits.staleNs],
      [gapped, now < this.#gap + limits.gapNs || this.#tick < this.#gap],
      [crossed, now >= this.#crossed + limits.crossedNs],
      [halted, this.#halted],
    ];
    for (const [bit, is] of wrong) {
      if (is) this.#last.set(bit, now);
      const isOver = now - (this.#last.get(bit) ?? Number.NEGATIVE_INFINITY) >= limits.settleNs;
      this.flags = is ? this.flags | bit : isOver ? this.flags & ~bit : this.flags;
    }
  }
}

/** The same event for both. */
function happen(draw: number, now: number, watched: Watched, model: PlainModel): void {
  const { quality } = watched;
  if (draw < 12) {
    const isCrossed = draw < 4;
    model.tick(now, isCrossed);
    assert.equal(watched.tick(now, 1, isCrossed ? 101 : 99, 100), model.flags);
  } else if (draw === 12) {
    quality.gap(1, now);
    model.gap(now);
  } else if (draw < 16) {
    quality.halt(1, draw === 13, now);
    model.halt(now, draw === 13);
  } else if (draw === 16) {
    quality.lost(1, now);
    model.lose(now);
  } else {
    watched.sweep(now);
    model.look(now);
  }
}

test('any history of events gives what the plain model gives', () => {
  const seed = Number(process.env['NDTS_TEST_SEED'] ?? 61);
  const random = new SeededRandom(seed);
  const watched = new Watched();
  const model = new PlainModel();
  const seen = new Set<number>();
  watched.quality.watch(1, 0);
  watched.tick(0);
  for (let step = 0, now = 0; step < 20_000; step += 1) {
    now += random.integer(random.integer(40) === 0 ? 1500 : 60);
    happen(random.integer(22), now, watched, model);
    assert.equal(watched.quality.flags(1), model.flags, `seed ${seed}, step ${step}`);
    seen.add(model.flags);
  }
  assert.ok(seen.size >= 12, `seed ${seed}: only ${seen.size} combinations were seen`);
});
