import { type Log, systemClock } from '@connito/node';
import {
  type Act,
  BUILD,
  connectNode,
  createRunMetrics,
  followRounds,
  meteredSession,
  openModelSession,
  type RoleOptions,
} from '@connito/run';
import { createValidatorMetrics } from './metrics.ts';
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
  const metrics = createValidatorMetrics(options.registry);
  const runMetrics = createRunMetrics(options.registry);
  const opened = await openModelSession(context, options);
  const session = meteredSession(opened, systemClock, (call, seconds) => {
    runMetrics.engineSeconds.observe({ call }, seconds);
    if (call === 'examine') metrics.evalLatency.observe(seconds);
  });
  try {
    const uid = await context.ledger.register(signal);
    runMetrics.neuron.set({ uid, hotkey: keypair.hotkey, run: context.run }, 1);
    log.info('Validator started', { uid, hotkey: keypair.hotkey, run: context.run });
    const settings = { stateFolder, build: BUILD, reportWaitMs: REPORT_WAIT_MS };
    const validator = new Validator(settings, { context, keypair, session, log, metrics, runMetrics });
    const act: Act = (point, block) => validator.act(point, block, signal);
    await followRounds({ ...context, log, metrics: runMetrics }, act, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await session.stop();
  }
}
