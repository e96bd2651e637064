import type { Ledger } from '@connito/ledger';
import type { Log } from '@connito/node';
import { ConnitoError, type PhasePoint, phaseAt, type RunDefinition } from '@connito/protocol';

/** An open block that belongs to a round. */
export type RoundPoint = Exclude<PhasePoint, { phase: 'waiting' }>;

/**
 * Calls `act` once for every open block this node sees, then says that it is ready. A node that was busy past a block goes
 * on with the newest: what it missed is missed. A failure that is not `fatal` costs the block's work and is logged; the
 * node lives on. Ends when the signal aborts.
 */
export async function followRounds(
  { definition, ledger }: { readonly definition: RunDefinition; readonly ledger: Ledger },
  act: (point: RoundPoint, openBlock: number, signal: AbortSignal) => Promise<void>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  let head = await ledger.head(signal);
  while (!signal.aborted) {
    const openBlock = head.number + 1;
    const point = phaseAt(openBlock, definition.schedule);
    if (point.phase !== 'waiting') {
      try {
        await act(point, openBlock, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ConnitoError) || error.advice === 'fatal') throw error;
        log.error('A block was not dealt with', {
          block: openBlock,
          phase: point.phase,
          round: point.round,
          error,
        });
      }
    }
    await ledger.ready(openBlock, signal);
    head = await ledger.waitForBlock(openBlock, signal);
  }
}
