// Orders as the journal tells of them: those of one strategy instance that changed behind a
// revision, for a start of it that has to be told what it missed, and one by its name. What always
// holds: each that the journal still tells of is there, also one that is no longer in memory;
// orders go out meanwhile, since the journal is read in parts between which the node works.

import {
  decodeFill,
  decodeFillInferred,
  decodeOrderChange,
  decodeOrderDenied,
  decodeOrderEvent,
  decodeOrderIntent,
  decodeOrderTerms,
  MessageKind,
  messageKind,
} from '@ndts/protocol';
import type { EventJournal } from './journal.js';
import { Ledger } from './ledger.js';
import { type Order, sequenceOfRevision } from './order.js';

/** How many events are looked at before others have their turn. */
const partEvents = 1024;

/** Those in memory. */
export function keptBehind(ledger: Ledger, instance: number, after: number): Order[] {
  return [...ledger.orders.kept()].filter((order) => isBehind(order, instance, after));
}

/** Those that the journal tells of as it is now, as it has them, but for the ones that are known.
 * `turn`: resolves after the node has worked. */
export async function forgottenBehind(
  journal: EventJournal,
  instance: number,
  after: number,
  known: ReadonlySet<string>,
  turn: () => Promise<void>,
): Promise<Order[]> {
  const end = journal.nextSequence;
  const signals = new Set<string>();
  await readParts(journal, sequenceOfRevision(after), end, turn, (_, value) => {
    const id = idIn(value);
    if (id.startsWith(`${instance}-`) && !areKnown(id, known)) signals.add(signalOf(id));
  });
  if (signals.size === 0) return [];
  const folded = await foldOf(journal, signals, end, turn);
  return keptBehind(folded, instance, after).filter(({ id }) => !known.has(id));
}

/** One as the journal has it, also one that was denied; undefined: it tells nothing of it any
 * more. */
export async function forgottenOrder(
  journal: EventJournal,
  id: string,
  turn: () => Promise<void>,
): Promise<Order | undefined> {
  const folded = await foldOf(journal, new Set([signalOf(id)]), journal.nextSequence, turn);
  return folded.orders.get(id) ?? [...folded.orders.kept()].find((order) => order.id === id);
}

/** From the events of these signals alone, with all that came of them. */
async function foldOf(
  journal: EventJournal,
  signals: ReadonlySet<string>,
  end: number,
  turn: () => Promise<void>,
): Promise<Ledger> {
  const most = Math.max(1, end - journal.oldest + 1);
  const folded = new Ledger({ orders: most, denied: most });
  await readParts(journal, 0, end, turn, (sequence, value) => {
    if (signals.has(signalOf(idIn(value)))) folded.applyEncoded(sequence, value);
  });
  return folded;
}

function isBehind({ intent, revision }: Order, instance: number, after: number): boolean {
  return intent.instance === instance && revision > after;
}

async function readParts(
  journal: EventJournal,
  from: number,
  end: number,
  turn: () => Promise<void>,
  take: (sequence: number, value: Uint8Array) => void,
): Promise<void> {
  for (let next = Math.max(from, journal.oldest); next < end; ) {
    next = journal.read(next, Math.min(end, next + partEvents), take);
    await turn();
  }
}

/** Of the order that an event is of; empty: of none. */
function idIn(value: Uint8Array): string {
  switch (messageKind(value)) {
    case MessageKind.OrderIntent:
      return decodeOrderIntent(value).clientOrderId;
    case MessageKind.OrderTerms:
      return decodeOrderTerms(value).clientOrderId;
    case MessageKind.OrderDenied:
      return decodeOrderDenied(value).clientOrderId;
    case MessageKind.OrderEvent:
      return decodeOrderEvent(value).clientOrderId;
    case MessageKind.OrderChange:
      return decodeOrderChange(value).clientOrderId;
    case MessageKind.Fill:
      return decodeFill(value).clientOrderId;
    case MessageKind.FillInferred:
      return decodeFillInferred(value).clientOrderId;
    default:
      return '';
  }
}

/** The order of an event, and those that it is a child of, which the event changes, too. One that
 * worked for long may be let go as it ends, before its last child. */
function areKnown(id: string, known: ReadonlySet<string>): boolean {
  for (let one = id; ; one = one.slice(0, one.lastIndexOf('.'))) {
    if (!known.has(one)) return false;
    if (!one.includes('.')) return true;
  }
}

/** Its instance and ordinal: legs and children have the same. */
function signalOf(id: string): string {
  return id.slice(0, id.lastIndexOf('-'));
}
