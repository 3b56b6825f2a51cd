// Which contract of Interactive Brokers a symbol of ours is, and back. What always holds: a symbol
// has one contract, and a contract one symbol; what is not listed cannot be traded there.

import { NdtsError } from '@ndts/protocol';

export interface IbContract {
  /** The venue's own number of the contract; names it alone where it is known. */
  readonly conId?: number | undefined;
  readonly symbol: string;
  /** STK, FUT, CASH, CRYPTO, ... */
  readonly secType: string;
  readonly exchange: string;
  readonly currency: string;
  /** The venue's full name of a future or option. */
  readonly localSymbol?: string | undefined;
  /** Units of the underlying in one contract; 1 where absent. */
  readonly multiplier?: number | undefined;
}

/** What the venue says of a contract; fields it leaves out are undefined or empty. */
export type ToldContract = Partial<
  Pick<IbContract, 'conId' | 'symbol' | 'secType' | 'currency' | 'localSymbol'>
>;

export class IbInstruments {
  readonly #contracts = new Map<number, IbContract>();
  readonly #byNumber = new Map<number, number>();
  readonly #byName = new Map<string, number>();

  constructor(contracts: Iterable<readonly [number, IbContract]>) {
    for (const [symbol, contract] of contracts) {
      const name = nameOf(contract);
      const other =
        (contract.conId === undefined ? undefined : this.#byNumber.get(contract.conId)) ??
        this.#byName.get(name);
      if (other !== undefined)
        throw new NdtsError(
          'INVALID_ARGUMENT',
          `contract ${name} stands for two symbols, ${other} and ${symbol}`,
        );
      this.#contracts.set(symbol, contract);
      this.#byName.set(name, symbol);
      if (contract.conId !== undefined) this.#byNumber.set(contract.conId, symbol);
    }
  }

  contractOf(symbol: number): IbContract | undefined {
    return this.#contracts.get(symbol);
  }

  /** Names are not the venue's own: two shares of one currency may have one. */
  symbolOf(told: ToldContract): number | undefined {
    const { conId = 0 } = told;
    const byNumber = this.#byNumber.get(conId);
    if (byNumber !== undefined) return byNumber;
    const byName = this.#byName.get(nameOf(told));
    const listed = byName === undefined ? undefined : this.#contracts.get(byName)?.conId;
    return conId !== 0 && listed !== undefined && listed !== conId ? undefined : byName;
  }

  multiplierOf(symbol: number): number {
    return this.#contracts.get(symbol)?.multiplier ?? 1;
  }
}

/** A local symbol names a future; a stock's is its symbol again. */
function nameOf({ symbol, secType, currency, localSymbol }: ToldContract): string {
  const local = secType === 'STK' ? '' : (localSymbol ?? '');
  return [secType ?? '', local === '' ? (symbol ?? '') : local, currency ?? ''].join('|');
}
