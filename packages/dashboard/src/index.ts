/**
 * The dashboard: one page and one API that show a run from its ledger and store, read-only.
 *
 * @example
 * await using dashboard = await serveDashboard({
 *   context, modelFolder: 'models/foundation', archivePath: 'dashboard.db', port: 0, measure: 'own',
 * });
 * console.log(dashboard.url.href);
 */
export { openApiDocument } from './api/openapi.ts';
export type { MarketFacts } from './api/schemas/market.ts';
export { Archive } from './archive/archive.ts';
export { type DashboardErrorCode, dashboardError } from './errors.ts';
export type { Source } from './outside/polled.ts';
export { bundle, type PageFiles, pageFiles } from './page-files.ts';
export { type Dashboard, type DashboardOptions, serveDashboard } from './serve-dashboard.ts';
