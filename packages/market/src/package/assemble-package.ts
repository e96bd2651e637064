import { createHash } from 'node:crypto';
import { encodeSafetensors } from '@connito/model';
import { type ArtifactHash, float32Bytes, float32Length, type TensorMap, utf8 } from '@connito/protocol';
import {
  type ExpertDocument,
  type ExpertManifest,
  encodeExpertDocument,
  PACKAGE_FORMAT,
  requireConsistent,
} from './expert-manifest.ts';
import { HASHED_FILES, PACKAGE_FILES, type PackageFileName, type PackageFiles } from './layout.ts';
import { packageCard } from './model-card.ts';
import { encodePackageJson } from './package-json.ts';

/** What a manifest says that does not follow from the parameters and the other files. */
export type PackageFacts = Omit<ExpertManifest, 'format' | 'tensors' | 'files'>;

export type PackageParts = {
  /** Exactly the group's experts, under their names in the base model's checkpoint. */
  readonly parameters: TensorMap;
  /** The text of `LICENSE`. */
  readonly licenceText: string;
  /** `router.safetensors`, where there is one. */
  readonly routerFile?: Uint8Array;
};

/** An unsigned package in memory. The same facts and parts give the same bytes. Fails with `package_malformed`. */
export function assemblePackage(facts: PackageFacts, parts: PackageParts): PackageFiles {
  const names = [...parts.parameters.keys()].sort();
  const tensors = names.map((name) => {
    const { shape, data } = parts.parameters.get(name)!;
    return {
      name,
      dtype: 'F32' as const,
      shape: [...shape],
      bytes: float32Length(data.length),
      sha256: sha256Of(float32Bytes(data)),
    };
  });
  const described = { ...facts, format: PACKAGE_FORMAT, tensors } as const;
  const stored = new Map(
    [...parts.parameters].map(([name, { shape, data }]) => [name, { dtype: 'f32' as const, shape, data }]),
  );
  const contents = new Map<(typeof HASHED_FILES)[number], Uint8Array>([
    [PACKAGE_FILES.licence, utf8(parts.licenceText)],
    [PACKAGE_FILES.card, utf8(packageCard(described))],
    [PACKAGE_FILES.experts, encodeSafetensors(stored, 'F32')],
  ]);
  if (parts.routerFile !== undefined) contents.set(PACKAGE_FILES.router, parts.routerFile);
  const files = HASHED_FILES.filter((path) => contents.has(path)).map((path) => {
    const bytes = contents.get(path)!;
    return { path, bytes: bytes.length, sha256: sha256Of(bytes) };
  });
  const manifest: ExpertManifest = { ...described, files };
  requireConsistent({ manifest, signatures: [] });
  return withDocument(contents, { manifest, signatures: [] });
}

/** The same package with another `expert.json`, as after signing, and the `package.json` that follows from it. */
export function withDocument(
  files: ReadonlyMap<PackageFileName, Uint8Array>,
  document: ExpertDocument,
): PackageFiles {
  return new Map<PackageFileName, Uint8Array>([
    ...files,
    [PACKAGE_FILES.manifest, encodeExpertDocument(document)],
    [PACKAGE_FILES.npm, encodePackageJson(document.manifest)],
  ]);
}

function sha256Of(bytes: Uint8Array): ArtifactHash {
  return createHash('sha256').update(bytes).digest('hex') as ArtifactHash;
}
