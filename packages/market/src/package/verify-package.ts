import { createHash } from 'node:crypto';
import { decodeSafetensors } from '@connito/model';
import {
  type ArtifactHash,
  equalBytes,
  float32Bytes,
  type Hotkey,
  type Tensor,
  type TensorMap,
  type Verify,
  verifySr25519,
} from '@connito/protocol';
import { marketError } from '../errors.ts';
import {
  decodeExpertDocument,
  type ExpertDocument,
  type ExpertManifest,
  type PackageId,
  packageIdOf,
  requireSignatures,
} from './expert-manifest.ts';
import { DEFAULT_MAX_PACKAGE_BYTES, PACKAGE_FILES, type PackageFiles } from './layout.ts';
import { DEFAULT_ALLOWED_LICENCES, requireLicence } from './licence.ts';
import { encodePackageJson } from './package-json.ts';

/** What a reader demands beyond the format itself. */
export type PackageRules = {
  /** SPDX identifiers. Default: `DEFAULT_ALLOWED_LICENCES`. */
  readonly allowedLicences?: readonly string[];
  /** `baseHashOf` of the only base that will do. Default: any. */
  readonly baseHash?: string;
  /** The only publishers that will do. Default: any. */
  readonly publishers?: ReadonlySet<Hotkey>;
  /** Refuse, before allocating, anything larger. Default: `DEFAULT_MAX_PACKAGE_BYTES`. */
  readonly maxBytes?: number;
  readonly verify?: Verify;
};

/** A package that passed every check. */
export type ExpertPackage = {
  readonly id: PackageId;
  readonly manifest: ExpertManifest;
  /** Who signed it, the publisher among them. */
  readonly signers: readonly Hotkey[];
  /** Float32 parameters of the group's experts, under their names in the base model's checkpoint. */
  readonly parameters: TensorMap;
  /** `router.safetensors`, unread; null where the package has none. */
  readonly routerFile: Uint8Array | null;
  /** Bytes of all files. */
  readonly sizeBytes: number;
};

/**
 * Checks a package whole: signatures, every file's hash, licence, base, and that the parameters are exactly the named
 * experts', finite and each with its own hash. Nothing of it is ever run. Fails with the codes of `errors.ts`, each of which
 * names one cause.
 */
export function verifyPackage(files: PackageFiles, rules: PackageRules = {}): ExpertPackage {
  const document = verifyDocument(files, rules);
  const { manifest } = document;
  const parameters = readParameters(manifest, required(files, PACKAGE_FILES.experts));
  return {
    id: packageIdOf(manifest),
    manifest,
    signers: document.signatures.map(({ hotkey }) => hotkey),
    parameters,
    routerFile: files.get(PACKAGE_FILES.router) ?? null,
    sizeBytes: [...files.values()].reduce((sum, { length }) => sum + length, 0),
  };
}

/** All checks but the parameters' own. */
export function verifyDocument(files: PackageFiles, rules: PackageRules): ExpertDocument {
  const document = decodeExpertDocument(required(files, PACKAGE_FILES.manifest));
  const { manifest } = document;
  const { name, version, publisher } = manifest;
  requireSignatures(document, rules.verify ?? verifySr25519);
  if (rules.publishers !== undefined && !rules.publishers.has(publisher)) {
    const message = `${name} ${version} was published by ${publisher}, whom you have not named as trusted.`;
    throw marketError('publisher_not_trusted', message, { name, version, publisher });
  }
  requireFiles(manifest, files, rules.maxBytes ?? DEFAULT_MAX_PACKAGE_BYTES);
  requireLicence(manifest.licence, rules.allowedLicences ?? DEFAULT_ALLOWED_LICENCES, `${name} ${version}`);
  if (rules.baseHash !== undefined && manifest.base.hash !== rules.baseHash) {
    const message = `${name} ${version} was made for base model ${manifest.base.hash.slice(0, 12)}…, not for ${rules.baseHash.slice(0, 12)}….`;
    throw marketError('package_wrong_base', message, { name, version, base: manifest.base.hash });
  }
  return document;
}

function requireFiles(manifest: ExpertManifest, files: PackageFiles, maxBytes: number): void {
  const named = new Map<string, { readonly bytes: number; readonly sha256: ArtifactHash }>(
    manifest.files.map((file) => [file.path, file]),
  );
  const total = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  if (total > maxBytes) throw tooLarge(total, maxBytes);
  for (const path of files.keys()) {
    if (path === PACKAGE_FILES.manifest || path === PACKAGE_FILES.npm || named.has(path)) continue;
    throw marketError('package_files_wrong', `The package holds ${path}, which its manifest does not name.`);
  }
  if (!equalBytes(required(files, PACKAGE_FILES.npm), encodePackageJson(manifest))) {
    const message = `${PACKAGE_FILES.npm} is not the one that follows from ${PACKAGE_FILES.manifest}: it was changed.`;
    throw marketError('package_corrupt', message, { file: PACKAGE_FILES.npm });
  }
  for (const [path, { bytes, sha256 }] of named) {
    const found = required(files, path as keyof typeof named & Parameters<typeof required>[1]);
    if (found.length === bytes && sha256Of(found) === sha256) continue;
    const message = `${path} is not the file that ${PACKAGE_FILES.manifest} names: it was changed or cut short.`;
    throw marketError('package_corrupt', message, { file: path });
  }
}

function readParameters(manifest: ExpertManifest, file: Uint8Array): TensorMap {
  let decoded: ReturnType<typeof decodeSafetensors>;
  try {
    decoded = decodeSafetensors(file, PACKAGE_FILES.experts);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw marketError('package_tensors_wrong', why, {}, cause);
  }
  const wrong = (why: string) =>
    marketError('package_tensors_wrong', `${PACKAGE_FILES.experts} of ${manifest.name} is refused: ${why}.`);
  const parameters = new Map<string, Tensor>();
  for (const { name, shape, sha256 } of manifest.tensors) {
    const found = decoded.get(name);
    if (found === undefined) throw wrong(`it has no tensor ${name}`);
    if (found.shape.join() !== shape.join())
      throw wrong(`${name} has shape [${found.shape}], not [${shape}]`);
    const data = found.data as Float32Array;
    if (sha256Of(float32Bytes(data)) !== sha256)
      throw wrong(`${name} has other values than the manifest says`);
    parameters.set(name, { shape: found.shape, data });
  }
  const [extra] = [...decoded.keys()].filter((name) => !parameters.has(name));
  if (extra !== undefined) throw wrong(`it has a tensor ${extra}, which is none of the group's`);
  return parameters;
}

function required(files: PackageFiles, path: Parameters<PackageFiles['get']>[0]): Uint8Array {
  const bytes = files.get(path);
  if (bytes !== undefined) return bytes;
  throw marketError('package_files_wrong', `The package has no ${path}.`, { file: path });
}

function sha256Of(bytes: Uint8Array): ArtifactHash {
  return createHash('sha256').update(bytes).digest('hex') as ArtifactHash;
}

export function tooLarge(bytes: number, maxBytes: number) {
  const message = `The package would take ${bytes} bytes; this reader allows ${maxBytes}.`;
  return marketError('package_too_large', message, { bytes, maxBytes });
}
