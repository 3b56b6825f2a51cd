// For tests of orders that are worked here: a node over the paper venue that is killed and started
// again whenever the test says so. What always holds: what a start finds in the journal is what the
// node had.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  createHarness,
  type Harness,
  type HarnessOptions,
  ledgerSnapshot,
  rebuild,
  type TestSignal,
} from '../exec-kit.js';

/** The one that is traded. */
export const symbol = 3;

export class Desk {
  harness!: Harness;
  readonly #options: HarnessOptions;

  constructor(context: TestContext, options: Partial<HarnessOptions> = {}) {
    const dir = mkdtempSync(join(tmpdir(), 'ndts-work-'));
    context.after(() => rmSync(dir, { recursive: true, force: true }));
    this.#options = { dir, ...options };
  }

  async start(): Promise<void> {
    const before = this.harness as Harness | undefined;
    const last = before === undefined ? {} : { journal: before.journal, clock: before.clock };
    if (before !== undefined) this.checkJournal();
    this.harness = createHarness({ ...this.#options, ...last });
    const start = this.harness.node.start();
    // It waits for what may still be in flight.
    const waits = Number(this.#options.config?.['exec.paperLatencyUs'] ?? 0) > 0;
    for (let turn = 0; waits && turn < 50; turn++) {
      this.harness.clock.advance(1e6);
      await Promise.resolve();
    }
    await start;
  }

  /** `half`: of the spread. */
  async market(last: number, half = 0.5): Promise<void> {
    this.harness.ticks.push({ symbol, price: last, bid: last - half, ask: last + half });
    await this.pass();
  }

  async signal(signal: Omit<TestSignal, 'symbol'>): Promise<void> {
    this.harness.signals.push({ symbol, ...signal });
    await this.pass();
  }

  /** Enough cycles for all that follows from what happened. */
  async pass(ms = 2): Promise<void> {
    for (let cycle = 0; cycle < 8; cycle++) {
      this.harness.clock.advance((ms * 1e6) / 8);
      await this.harness.settle();
    }
  }

  checkJournal(): void {
    const { journal, node } = this.harness;
    assert.deepEqual(ledgerSnapshot(rebuild(journal)), ledgerSnapshot(node.ledger));
  }
}
