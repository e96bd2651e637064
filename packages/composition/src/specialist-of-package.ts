import { type ExpertPackage, PACKAGE_FILES } from '@connito/market';
import type { ModelConfig } from '@connito/model';
import { decodeRoutingStatistics, type RoutingStatistics } from './router/routing-statistics.ts';
import type { Specialist } from './specialist.ts';

/** A package that may still lack the statistics its router rows are solved from. */
export type UnroutedSpecialist = Omit<Specialist, 'statistics'> & {
  readonly statistics: RoutingStatistics | null;
};

/** A verified package as a specialist of a base of this shape. Fails with `specialist_invalid`. */
export function specialistOfPackage(
  { id, manifest, parameters, routerFile }: ExpertPackage,
  config: Pick<ModelConfig, 'layers' | 'hiddenSize' | 'experts'>,
): UnroutedSpecialist {
  const name = `${manifest.name}@${manifest.version}`;
  return {
    id: name,
    domain: manifest.domain,
    contentHash: id,
    baseHash: manifest.base.hash,
    experts: new Map(Object.entries(manifest.experts).map(([layer, list]) => [Number(layer), list])),
    parameters,
    statistics:
      routerFile === null
        ? null
        : decodeRoutingStatistics(routerFile, config, `${PACKAGE_FILES.router} of ${name}`),
  };
}
