import type { Log } from '@connito/node';
import { BUILD, connectNode, followRounds, openModelSession, type RoleOptions } from '@connito/run';
import { Validator } from './validator.ts';

export type ValidatorRunOptions = RoleOptions & { readonly log: Log };

/** The others publish at the same moment; what takes longer than this is left to the next window. */
const REPORT_WAIT_MS = 5_000;

/**
 * Runs a validator until the signal aborts. Fails with `base_model_mismatch` where the model is not the run's, and with the
 * errors of wallet, ledger and store.
 */
export async function runValidator(options: ValidatorRunOptions, signal: AbortSignal): Promise<void> {
  const { log, stateFolder } = options;
  const { context, keypair } = await connectNode(options);
  const session = await openModelSession(context, options);
  try {
    const uid = await context.ledger.register(signal);
    log.info('Validator started', { uid, hotkey: keypair.hotkey, run: context.run });
    const settings = { stateFolder, build: BUILD, reportWaitMs: REPORT_WAIT_MS };
    const validator = new Validator(settings, { context, keypair, session, log });
    await followRounds({ ...context, log }, (point, block) => validator.act(point, block, signal), signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await session.stop();
  }
}
