import { utf8 } from '@connito/protocol';
import { type ExpertManifest, fileEntry, PACKAGE_FORMAT } from './expert-manifest.ts';
import { PACKAGE_FILES } from './layout.ts';

/**
 * The bytes of a package's `package.json`. They follow from the manifest alone, so there is no room for a script, a
 * dependency or another name: a reader compares whole files.
 */
export function encodePackageJson(manifest: ExpertManifest): Uint8Array {
  const router = fileEntry(manifest, PACKAGE_FILES.router) === null ? [] : [PACKAGE_FILES.router];
  const json = {
    name: manifest.name,
    version: manifest.version,
    description: manifest.description,
    license: manifest.licence.includes(' ') ? `(${manifest.licence})` : manifest.licence,
    keywords: ['connito-expert', manifest.domain],
    files: [PACKAGE_FILES.manifest, PACKAGE_FILES.experts, ...router],
    connito: { format: PACKAGE_FORMAT, base: manifest.base.hash },
  };
  return utf8(`${JSON.stringify(json, null, 2)}\n`);
}
