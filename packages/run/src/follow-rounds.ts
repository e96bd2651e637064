import type { Ledger } from '@connito/ledger';
import { type PhasePoint, phaseAt, type RunDefinition } from '@connito/protocol';

/** An open block that belongs to a round. */
export type RoundPoint = Exclude<PhasePoint, { phase: 'waiting' }>;

/**
 * Calls `act` once for every open block this node sees, then says that it is ready. A node that was busy past a block goes
 * on with the newest: what it missed is missed. Ends when the signal aborts.
 */
export async function followRounds(
  { definition, ledger }: { readonly definition: RunDefinition; readonly ledger: Ledger },
  act: (point: RoundPoint, openBlock: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let head = await ledger.head(signal);
  while (!signal.aborted) {
    const openBlock = head.number + 1;
    const point = phaseAt(openBlock, definition.schedule);
    if (point.phase !== 'waiting') await act(point, openBlock, signal);
    await ledger.ready(openBlock, signal);
    head = await ledger.waitForBlock(openBlock, signal);
  }
}
