// What every role stands on, opened in order and closed in reverse: the data folder, the log, the
// two engines, the embedded adapters, identity, symbols. What fails on the way
// closes what was open.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bus, Clock, ConfigValues, Jobs, Random, Registry } from '@ndts/protocol';
import {
  AuditLog,
  CloseStack,
  createLogger,
  EmbeddedBus,
  EmbeddedJobs,
  EmbeddedRegistry,
  flushLogger,
  Identity,
  type Logger,
  Metrics,
  type SecureRandom,
  writePrivateFile,
} from '@ndts/runtime';
import {
  type ArchivedDays,
  type Database,
  type DataFolder,
  openArchivedDays,
  openDataFolder,
  openJournal,
  openTicks,
  SymbolRegistry,
} from '@ndts/storage';

export interface FoundationInput {
  readonly values: ConfigValues;
  readonly clock: Clock;
  readonly random: Random;
  readonly secureRandom: SecureRandom;
  readonly userId: number;
  /** Variables of the environment that are secrets, by their names; absent: none. */
  readonly secrets?: ReadonlyMap<string, string>;
}

export interface Foundation {
  readonly values: ConfigValues;
  readonly clock: Clock;
  readonly random: Random;
  readonly folder: DataFolder;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly identity: Identity;
  readonly audit: AuditLog;
  readonly ticks: Database;
  /** Who reads them is told of days that are only in the archive. */
  readonly archived: ArchivedDays;
  readonly journal: Database;
  readonly bus: Bus;
  readonly registry: Registry;
  readonly jobs: Jobs;
  readonly symbols: SymbolRegistry;
  /** Kept in the data folder: the same after every restart. */
  readonly nodeName: string;
  readonly closing: CloseStack;
  readonly wakes: Wakes;
  readonly secrets: ReadonlyMap<string, string>;
}

/** Told of what the duty cycle has to do before it is due; the loop listens. */
export interface Wakes {
  onWork: () => void;
}

export async function openFoundation(input: FoundationInput): Promise<Foundation> {
  const closing = new CloseStack();
  try {
    return await openAll(input, closing);
  } catch (error) {
    await closing.closeAll(() => undefined);
    throw error;
  }
}

async function openAll(input: FoundationInput, closing: CloseStack): Promise<Foundation> {
  const { values, clock, random } = input;
  const folder = openDataFolder({
    dir: values.dataDir,
    memoryParent: values.storage.memoryDir,
    userId: input.userId,
    secureRandom: input.secureRandom,
  });
  // First: it holds the lock that keeps a second process away from everything below.
  const ticks = openTicks(folder, values);
  closing.defer('ticks', () => ticks.close());
  const archived = openArchivedDays(ticks, values);
  const logger = openLog(folder, values, clock);
  closing.defer('log file', () => flushLogger(logger));
  const journal = openJournal(folder, values);
  closing.defer('journal', () => journal.close());

  const identity = Identity.open({
    dir: folder.identity,
    clock,
    logger,
    secureRandom: input.secureRandom,
  });
  const audit = AuditLog.open({ dir: folder.logs, clock });
  closing.defer('audit', () => audit.close());
  const wakes: Wakes = { onWork: () => undefined };
  const bus = new EmbeddedBus({ clock, logger, onRequest: () => wakes.onWork() });
  closing.defer('bus', () => bus.close());
  const registry = new EmbeddedRegistry({ store: journal, clock, random, logger });
  closing.defer('registry', () => registry.close());
  const jobs = new EmbeddedJobs({ store: journal, clock, random, logger });
  closing.defer('jobs', () => jobs.close());
  const symbols = await SymbolRegistry.open({ registry, shardCount: values.cluster.shards });
  return {
    values,
    clock,
    random,
    folder,
    logger,
    metrics: new Metrics({ processMetrics: true }),
    identity,
    audit,
    ticks,
    archived,
    journal,
    bus,
    registry,
    jobs,
    symbols,
    nodeName: nodeName(folder, values, input.secureRandom),
    closing,
    wakes,
    secrets: input.secrets ?? new Map<string, string>(),
  };
}

function openLog(folder: DataFolder, values: ConfigValues, clock: Clock): Logger {
  const file = values.log.file === '' ? join(folder.logs, 'ndts.log') : values.log.file;
  return createLogger({
    level: values.log.level,
    destination: file === '-' ? 'stderr' : file,
    clock,
  });
}

function nodeName(folder: DataFolder, values: ConfigValues, secureRandom: SecureRandom): string {
  if (values.node.id !== '') return values.node.id;
  const path = join(folder.root, 'node.json');
  try {
    const kept: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof kept === 'object' && kept !== null && 'id' in kept && typeof kept.id === 'string')
      return kept.id;
  } catch {
    // The first start, or a file that was damaged: a name has no meaning beyond being one.
  }
  const id = `node-${Buffer.from(secureRandom.bytes(3)).toString('hex')}`;
  writePrivateFile(path, `${JSON.stringify({ id })}\n`);
  return id;
}
