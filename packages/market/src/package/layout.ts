/** The files of a package, by what they are for. A package holds no other file. */
export const PACKAGE_FILES = {
  /** The manifest and its signatures. */
  manifest: 'expert.json',
  /** What npm reads; follows from the manifest. */
  npm: 'package.json',
  /** The trained experts' parameters under their names in the base model's checkpoint. */
  experts: 'experts.safetensors',
  /** What a router needs to be fitted, as written by `@connito/composition`. Optional. */
  router: 'router.safetensors',
  card: 'README.md',
  licence: 'LICENSE',
} as const;

export type PackageFileName = (typeof PACKAGE_FILES)[keyof typeof PACKAGE_FILES];

/** Files whose bytes the manifest names by hash. The other two are the manifest, and what follows from it. */
export const HASHED_FILES = [
  PACKAGE_FILES.licence,
  PACKAGE_FILES.card,
  PACKAGE_FILES.experts,
  PACKAGE_FILES.router,
] as const;

/** Files a package cannot do without. */
export const REQUIRED_FILES: ReadonlySet<PackageFileName> = new Set([
  PACKAGE_FILES.manifest,
  PACKAGE_FILES.npm,
  PACKAGE_FILES.experts,
  PACKAGE_FILES.card,
  PACKAGE_FILES.licence,
]);

/** About 500 bytes a tensor of 65,536, and 4096 base files. */
const MAX_MANIFEST_BYTES = 48 << 20;
/** The longest licence SPDX lists has 60 KB; a package may join several. */
const MAX_TEXT_BYTES = 1 << 20;

/** The most a file may have, checked before it is read; experts and router are also bound by the reader's own limit. */
export function maxFileBytes(name: PackageFileName, maxPackageBytes: number): number {
  switch (name) {
    case 'expert.json':
      return Math.min(MAX_MANIFEST_BYTES, maxPackageBytes);
    case 'package.json':
    case 'README.md':
    case 'LICENSE':
      return Math.min(MAX_TEXT_BYTES, maxPackageBytes);
    case 'experts.safetensors':
    case 'router.safetensors':
      return maxPackageBytes;
  }
}

export function isPackageFile(name: string): name is PackageFileName {
  return (Object.values(PACKAGE_FILES) as string[]).includes(name);
}

/** A package in memory: its files' bytes by name. */
export type PackageFiles = ReadonlyMap<PackageFileName, Uint8Array>;

/** A package is held in memory whole; this is above any group of a model that this build can run. */
export const DEFAULT_MAX_PACKAGE_BYTES = 2 ** 31;
