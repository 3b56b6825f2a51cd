// The narrow door of storage: rings alone. A process that reads and writes nothing else, which a
// strategy's is, starts without the half of a second's work that the rest takes to load.

export {
  type BookRingReader,
  type BookRingWriter,
  createBookRings,
  createRingBell,
  createSlotRing,
  createTickRings,
  createTradeRings,
  openBookRings,
  openRingBell,
  openSlotRing,
  openTickRings,
  openTradeRings,
  type OpenRowRingsOptions,
  type RingBell,
  type RowRingReader,
  type RowRingsOptions,
  type RowRingWriter,
  type SlotRingOptions,
  type SlotRingReader,
  type SlotRingWriter,
  type TickRingReader,
  type TickRingWriter,
  type TradeRingReader,
  type TradeRingWriter,
} from '@ndts/native/ring';
