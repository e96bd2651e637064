/**
 * Puts specialists' experts together into one model: where each expert goes, closed-form router rows, the signed manifest of what
 * came from where, measurement, and export.
 *
 * @example
 * const placement = placeSpecialists(specialists, base.config, 'auto', 'all');
 * const rows = ridgeRows(base, baseStatistics, specialists);
 * const composed = buildComposition(base, specialists, placement, rows);
 */
export { baseHashOfFolder } from './base-identity.ts';
export { buildComposition, type RowOf, specialistModel } from './compose.ts';
export {
  BASE_STATISTICS_FILE,
  type Composed,
  type ComposeMeans,
  type ComposeOptions,
  type ComposeTexts,
  composeFolder,
  requireFreeFolder,
  specialistStatistics,
} from './compose-folder.ts';
export { type CompositionErrorCode, compositionError } from './errors.ts';
export { exportGguf, type GgufOptions } from './gguf/export-gguf.ts';
export type { GgufType } from './gguf/gguf-file.ts';
export {
  COMPOSITION_FILE,
  type CompositionEvaluation,
  type CompositionManifest,
  type ExpertOrigin,
  encodeComposition,
  parseComposition,
  type SignedComposition,
  signComposition,
} from './manifest/composition-manifest.ts';
export { identifyFile, verifyComposition } from './manifest/verify-composition.ts';
export { type AverageKind, averageSpecialists } from './measure/average.ts';
export { type DomainLosses, type LossTable, Measurer } from './measure/loss-table.ts';
export {
  type CompositionBounds,
  type CompositionVerdict,
  DEFAULT_BOUNDS,
  judgeComposition,
} from './measure/verdict.ts';
export { type Overlap, overlapShare, overlapsOf } from './placement/overlaps.ts';
export {
  type Companions,
  type Placeable,
  type Placement,
  type PlacementMode,
  placeSpecialists,
  type Slot,
} from './placement/placement.ts';
export { type Allowance, allowancesOf, sharesOf, weightsOf } from './router/allowances.ts';
export { type BaselineRows, baselineRows } from './router/baseline-rows.ts';
export { collectStatistics } from './router/collect-statistics.ts';
export { domainDirection, logitSpread, RIDGE, type RidgeOptions } from './router/domain-direction.ts';
export { JOINT, jointRows } from './router/joint-rows.ts';
export { REFINEMENT, type RefinementOptions, refineComposition } from './router/refine-composition.ts';
export { type Refined, type RefineOptions, refineRows, type Score } from './router/refine-rows.ts';
export { fewOfEachCluster, type RefinementTexts, refinementTexts } from './router/refinement-texts.ts';
export { ridgeRows } from './router/ridge-rows.ts';
export {
  type BaseStatistics,
  decodeRoutingStatistics,
  encodeBaseStatistics,
  encodeRoutingStatistics,
  type LayerStatistics,
  pooledStatistics,
  type RoutingStatistics,
} from './router/routing-statistics.ts';
export { spareRow } from './router/spare-row.ts';
export { matricesOf, requireFitting, requireSameBase, type Specialist } from './specialist.ts';
export { specialistOfPackage, type UnroutedSpecialist } from './specialist-of-package.ts';
export { beginnings, excerpts, interleaved, spread, thinned } from './texts.ts';
