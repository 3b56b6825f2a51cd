// Aggregates of a window and what is kept to work them out: a pane holds counts, sums and the like
// of the rows of a stretch of time, and panes are merged to windows.
//
// A row is part of an aggregate when all its inputs are finite. first and last go by time, among
// equal times by the order of coming. Sums are compensated (Neumaier). The deviation is the
// population's, by updates of mean and squares (Welford, Chan) over distances from a value of the
// pane, so that a high level of prices takes no digits. Always: what a pane holds depends on its
// rows and their order only.

import { NdtsError } from '@ndts/protocol';

export const aggregateNames = [
  'count',
  'first',
  'last',
  'min',
  'max',
  'sum',
  'avg',
  'std',
  'vwap',
] as const;
export type AggregateName = (typeof aggregateNames)[number];

export interface Aggregate {
  readonly name: AggregateName;
  /** Places of its inputs: one, or price and volume of vwap. */
  readonly inputs: readonly number[];
}

/** What is kept of a stream; each block begins at its offset in the pane, -1: not kept. */
export interface Stream {
  readonly a: number;
  /** -1: one input only. */
  readonly b: number;
  readonly count: number;
  /** first key, first, last key, last */
  order: number;
  /** least, greatest */
  range: number;
  /** sum, rest */
  sum: number;
  /** count, origin, mean, squares */
  moments: number;
  /** sum of a * b, rest, sum of b, rest */
  weighted: number;
}

type BlockName = 'order' | 'range' | 'sum' | 'moments' | 'weighted';

const blockSizes: Readonly<Record<BlockName, number>> = {
  order: 4,
  range: 2,
  sum: 2,
  moments: 4,
  weighted: 4,
};

const blockOf: Readonly<Record<AggregateName, BlockName | undefined>> = {
  count: undefined,
  first: 'order',
  last: 'order',
  min: 'range',
  max: 'range',
  sum: 'sum',
  avg: 'sum',
  std: 'moments',
  vwap: 'weighted',
};

/** A pane begins with what it is (a number of its owner's) and how many rows it has. */
export const paneHead = { id: 0, ticks: 1 } as const;
const headSize = 2;

/** Where in a pane everything stands. */
export class PaneLayout {
  readonly aggregates: readonly Aggregate[];
  readonly streams: readonly Stream[];
  /** Of each aggregate. */
  readonly streamOf: readonly Stream[];
  /** Doubles of a pane. */
  readonly width: number;
  readonly inputCount: number;
  /** A pane without rows. */
  readonly empty: Float64Array;

  constructor(aggregates: readonly Aggregate[]) {
    this.aggregates = aggregates;
    const streams = new Map<string, Stream>();
    let width = headSize;
    this.streamOf = aggregates.map((aggregate) => {
      checkAggregate(aggregate);
      const { name, inputs } = aggregate;
      const [a = 0, b = -1] = inputs;
      let stream = streams.get(inputs.join());
      if (stream === undefined) {
        const none = { order: -1, range: -1, sum: -1, moments: -1, weighted: -1 };
        stream = { a, b, count: width, ...none };
        streams.set(inputs.join(), stream);
        width += 1;
      }
      const block = blockOf[name];
      if (block !== undefined && stream[block] < 0) {
        stream[block] = width;
        width += blockSizes[block];
      }
      return stream;
    });
    this.streams = [...streams.values()];
    this.width = width;
    this.inputCount = Math.max(0, ...this.streams.map(({ a, b }) => Math.max(a, b) + 1));
    this.empty = this.#emptyPane();
  }

  #emptyPane(): Float64Array {
    const pane = new Float64Array(this.width);
    pane[paneHead.id] = Number.NaN;
    for (const { order, range } of this.streams) {
      if (order >= 0)
        pane.set(
          [Number.POSITIVE_INFINITY, Number.NaN, Number.NEGATIVE_INFINITY, Number.NaN],
          order,
        );
      if (range >= 0) pane.set([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], range);
    }
    return pane;
  }
}

function checkAggregate({ name, inputs }: Aggregate): void {
  if (!aggregateNames.includes(name))
    throw wrong(`expected one of ${aggregateNames.join(', ')}; found '${name}'`);
  const wanted = name === 'vwap' ? 2 : 1;
  if (inputs.length !== wanted)
    throw wrong(`${name}: expected inputs: ${wanted}, found ${inputs.length}`);
}

function wrong(text: string): NdtsError {
  return new NdtsError('INVALID_ARGUMENT', text);
}

/** The value of an aggregate over a pane. */
export function finish(pane: Float64Array, name: AggregateName, stream: Stream): number {
  const count = pane[stream.count]!;
  if (name === 'count') return count;
  if (name === 'sum') return pane[stream.sum]! + pane[stream.sum + 1]!;
  if (count === 0) return Number.NaN;
  switch (name) {
    case 'first':
      return pane[stream.order + 1]!;
    case 'last':
      return pane[stream.order + 3]!;
    case 'min':
      return pane[stream.range]!;
    case 'max':
      return pane[stream.range + 1]!;
    case 'avg':
      return (pane[stream.sum]! + pane[stream.sum + 1]!) / count;
    case 'std':
      return Math.sqrt(pane[stream.moments + 3]! / count);
    case 'vwap': {
      const at = stream.weighted;
      return (pane[at]! + pane[at + 1]!) / (pane[at + 2]! + pane[at + 3]!);
    }
  }
}
