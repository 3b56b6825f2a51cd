// What the rules of a class of symbols are compiled to. Tolerances in nanoseconds are float64 so
// that they are written without BigInt; they are whole numbers below 2^53.

/** @type {import('../types.mjs').Layout[]} */
export const cleanLayouts = [
  {
    name: 'CleanPlan',
    size: 96,
    doc: 'The cleaning rules of a class of symbols, as the native pass takes them; in memory only.',
    fields: [
      { name: 'priceMin', type: 'f64', doc: 'a price must be above it' },
      { name: 'priceMax', type: 'f64', doc: 'a price must be below it' },
      { name: 'spreadMax', type: 'f64', doc: '(ask - bid) / bid must be below it' },
      { name: 'tickSize', type: 'f64', doc: 'a price must be a multiple of it; 0: any price' },
      { name: 'jumpMax', type: 'f64', doc: 'part of the local median that is never a jump' },
      { name: 'jumpDeviations', type: 'f64', doc: 'scaled median deviations that are never a jump' },
      { name: 'disorderNs', type: 'f64', doc: 'how much older than the newest a tick may be' },
      { name: 'staleNs', type: 'f64', doc: 'how far behind the clock a tick may be' },
      { name: 'futureNs', type: 'f64', doc: 'how far ahead of the clock a tick may be' },
      { name: 'quietNs', type: 'f64', doc: 'a pause after which prices before it say nothing' },
      { name: 'confirmations', type: 'u32', doc: 'ticks in a row near each other that are no jump' },
      { name: 'calendar', type: 'u32', doc: 'place in the list of calendars; 4294967295: always open' },
      { name: 'refused', type: 'u32', doc: 'bit 1 << CleanReason: the rule refuses' },
      { name: 'marked', type: 'u32', doc: 'bit 1 << CleanReason: the rule marks, the tick stays' },
    ],
  },
];
