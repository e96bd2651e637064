/**
 * The expert market: validated experts as signed packages that any channel carries, the registry that lists them, receipts
 * of what they answered, and the settlement that pays for it.
 *
 * @example
 * const { manifest, parameters, routerFile } = await readExpertPackage('packages/math');
 * await using receipts = await ReceiptLog.open('receipts.jsonl', keypair);
 * await receipts.append(usage);
 */
export { type MarketErrorCode, marketError } from './errors.ts';
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
export { type PackageSpec, parsePackageSpec } from './package/package-name.ts';
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
