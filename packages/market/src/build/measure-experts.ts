import {
  NANO_NATS_PER_NAT,
  pairedDifferences,
  pairedStatistics,
  type RunDefinition,
  type TensorMap,
  toNanoNats,
} from '@connito/protocol';
import type { RunContext } from '@connito/run';
import { type ModelSession, pick, sourceOf, TokenSources } from '@connito/run';
import { marketError } from '../errors.ts';
import type { ExpertManifest, Measurement } from '../package/expert-manifest.ts';

/** A two-sided 95 % interval leaves 2.5 % on each side. */
const TAIL = 0.025;

/**
 * Loss of the base model, and of the base model with one group's experts in their places, on every reporting text of the
 * run, paired by sequence. Other groups' experts stay the base's: a package is measured alone. Fails with
 * `nothing_to_package` where the run has no reporting texts or a loss is not finite.
 */
export async function measureExperts(
  context: Pick<RunContext, 'definition' | 'store'>,
  session: ModelSession,
  experts: { readonly domain: string; readonly parameters: TensorMap },
  sequencesPerSource: number,
  onProgress: (text: string) => void,
): Promise<ExpertManifest['evaluation']> {
  const { definition } = context;
  const sources = new TokenSources(context);
  const measurements: Measurement[] = [];
  for (const id of definition.reportingSources ?? []) {
    const pool = await sources.pool(id);
    const count = Math.min(sequencesPerSource, pool.count);
    if (count < 2) continue;
    onProgress(`Measuring on ${count} sequences of ${id}`);
    const rows = Array.from({ length: count }, (_, i) => Math.floor((i * pool.count) / count));
    const sequences = pick(pool, rows);
    const lossesOf = async (parameters: TensorMap) => {
      await session.host.setState(parameters);
      const losses = toNanoNats(await session.host.measure(sequences));
      if (losses !== null) return losses;
      throw marketError(
        'nothing_to_package',
        `A loss on ${id} is not finite: these experts break the model.`,
      );
    };
    const base = await lossesOf(new Map());
    const own = await lossesOf(experts.parameters);
    const { domain, artifact } = sourceOf(definition, id);
    const gain = pairedStatistics(pairedDifferences(base, own), TAIL);
    measurements.push({
      domain,
      role: roleOf(definition, domain, experts.domain),
      source: artifact,
      sequences: count,
      baseLossNanoNats: mean(base),
      lossNanoNats: mean(own),
      gainNanoNats: Math.round(gain.mean) + 0,
      lowerNanoNats: Math.round(gain.lower) + 0,
      upperNanoNats: Math.round(gain.upper) + 0,
    });
  }
  if (measurements.length === 0) {
    const message = 'The run names no reporting texts, so its experts cannot be measured on unseen text.';
    throw marketError('nothing_to_package', message);
  }
  return { sequenceTokens: definition.scoring.sequenceTokens, measurements };
}

/**
 * Fails with `package_harmful` where the experts do not help their own domain, or raise the mean loss of a text that the run
 * does not train on by more than `maxRise`, a fraction of the base's loss.
 */
export function requireHelpful(evaluation: ExpertManifest['evaluation'], maxRise: number): void {
  for (const { domain, role, gainNanoNats, baseLossNanoNats } of evaluation.measurements) {
    const millinats = (1000 * gainNanoNats) / NANO_NATS_PER_NAT;
    if (role === 'own' && gainNanoNats <= 0) {
      const message = `These experts do not help ${domain}, what they were trained for: ${millinats.toFixed(2)} millinats a token.`;
      throw marketError('package_harmful', message, { domain });
    }
    if (role === 'general' && -gainNanoNats > maxRise * baseLossNanoNats) {
      const percent = (-100 * gainNanoNats) / baseLossNanoNats;
      const message = `These experts raise the loss on ${domain} by ${percent.toFixed(2)} %, more than the ${(100 * maxRise).toFixed(2)} % allowed. Train on, package an earlier round with --round, or allow more with --max-general-rise.`;
      throw marketError('package_harmful', message, { domain });
    }
  }
}

function roleOf(definition: RunDefinition, domain: string, own: string): Measurement['role'] {
  if (domain === own) return 'own';
  return definition.groups.some((group) => group.domain === domain) ? 'other' : 'general';
}

function mean(values: Float64Array): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length) + 0;
}
