/**
 * The expert market: validated experts as signed packages that any channel carries, the registry that lists them, receipts
 * of what they answered, and the settlement that pays for it.
 *
 * @example
 * const { manifest, parameters, routerFile } = await readExpertPackage('packages/math');
 * await using receipts = await ReceiptLog.open('receipts.jsonl', keypair);
 * await receipts.append(usage);
 */
export { type LineageShares, lineageOf } from './build/lineage.ts';
export { type BuildOptions, buildPackage, requireLineage } from './build/package-of-run.ts';
export type { FetchOptions, PackageChannel } from './channel/channel.ts';
export { DirectoryChannel } from './channel/directory-channel.ts';
export { HuggingFaceChannel } from './channel/hugging-face-channel.ts';
export { NpmChannel, type NpmChannelOptions } from './channel/npm-channel.ts';
export { CHANNEL_ADDRESSES, type ChannelCredentials, openChannel } from './channel/open-channel.ts';
export { S3Channel, type S3ChannelOptions } from './channel/s3-channel.ts';
export { TarballChannel } from './channel/tarball-channel.ts';
export { type MarketErrorCode, marketError } from './errors.ts';
export {
  type InstalledPackage,
  InstalledPackages,
  type InstallOptions,
} from './install/installed-packages.ts';
export {
  assemblePackage,
  type PackageFacts,
  type PackageParts,
  withDocument,
} from './package/assemble-package.ts';
export { BaseFolder, type BaseIdentity, baseHashOf } from './package/base-identity.ts';
export {
  decodeExpertDocument,
  type ExpertDocument,
  type ExpertManifest,
  encodeExpertDocument,
  groupOfManifest,
  type Measurement,
  PACKAGE_FORMAT,
  type PackageId,
  packageIdOf,
  packageIdSchema,
  SHARE_UNITS,
  signManifest,
} from './package/expert-manifest.ts';
export {
  DEFAULT_MAX_PACKAGE_BYTES,
  PACKAGE_FILES,
  type PackageFileName,
  type PackageFiles,
} from './package/layout.ts';
export {
  DEFAULT_ALLOWED_LICENCES,
  licenceIdentifiers,
  licenceOfSources,
  requireLicence,
} from './package/licence.ts';
export { readPackageFolder, writePackageFolder } from './package/package-folder.ts';
export { bestVersion, newestFirst, type PackageSpec, parsePackageSpec } from './package/package-name.ts';
export { readExpertPackage, readPackageFiles } from './package/read-package.ts';
export { decodeTarball, encodeTarball } from './package/tarball.ts';
export { type ExpertPackage, type PackageRules, verifyPackage } from './package/verify-package.ts';
export {
  type ChainHead,
  decodeReceipt,
  encodeReceipt,
  type Receipt,
  receiptHashOf,
  type SignedReceipt,
  type Usage,
  verifyReceipts,
} from './receipt/receipt.ts';
export { ReceiptLog, readReceipts } from './receipt/receipt-log.ts';
export { decodeIndex, encodeIndex } from './registry/index-codec.ts';
export {
  NOTICE_KINDS,
  type Notice,
  type NoticeKind,
  type SignedNotice,
  signNotice,
} from './registry/notice.ts';
export {
  EMPTY_INDEX,
  entryOf,
  type IndexEntry,
  type PackageIndex,
  withEntry,
} from './registry/package-index.ts';
export { latestNotice, type PackageStatus, statusOf, withNotice } from './registry/package-status.ts';
export { indexChannels, type RefusedVersion } from './registry/read-channels.ts';
export { resolveVersion } from './registry/resolve-version.ts';
export { type Search, searchIndex } from './registry/search-index.ts';
export { LedgerSettlement, type Settlement, type SettlementProof } from './settlement/settlement.ts';
export {
  decodeStatement,
  encodeStatement,
  requireStatement,
  type SignedStatement,
  type Statement,
  signStatement,
  statementHashOf,
  statementOf,
  type Terms,
  termsOf,
} from './settlement/statement.ts';
