import { readFile } from 'node:fs/promises';
import {
  decodeStatement,
  InstalledPackages,
  type SignedStatement,
  type Terms,
  termsOf,
} from '@connito/market';
import { fileError } from '@connito/node';

/** A statement from its file, its signature checked. Fails with `document_refused` or `file_unusable`. */
export async function readStatement(path: string): Promise<SignedStatement> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw fileError(error, path);
  }
  return decodeStatement(bytes);
}

/** The terms of all packages installed in a folder; what is damaged has none. */
export async function installedTerms(folder: string): Promise<Terms> {
  const installed = await new InstalledPackages(folder).list();
  return termsOf(installed.flatMap(({ manifest }) => (manifest === null ? [] : [manifest])));
}
