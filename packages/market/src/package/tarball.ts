import { promisify } from 'node:util';
import { gunzip, gzipSync } from 'node:zlib';
import { concatBytes, utf8 } from '@connito/protocol';
import { marketError } from '../errors.ts';
import {
  DEFAULT_MAX_PACKAGE_BYTES,
  isPackageFile,
  maxFileBytes,
  type PackageFileName,
  type PackageFiles,
} from './layout.ts';
import { tooLarge } from './verify-package.ts';

// The part of POSIX ustar that npm writes for a flat package: plain files below `package/`, short names, no extensions.
const BLOCK = 512;
const NAME = { at: 0, length: 100 } as const;
const SIZE = { at: 124, length: 12 } as const;
const CHECKSUM = { at: 148, length: 8 } as const;
const TYPE_AT = 156;
const PREFIX = { at: 345, length: 155 } as const;
const FOLDER = 'package/';
/** What npm stamps on every file, so that equal packages are equal bytes: 1985-10-26T08:15:00Z. */
const MTIME_SECONDS = 499_162_500;
/** Six files, their padding and the end take far less than this above the files themselves. */
const OVERHEAD_BYTES = 64 << 10;

const inflate = promisify(gunzip);

/** A package as the tarball npm would pack. The same package gives the same bytes. */
export function encodeTarball(files: PackageFiles): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const name of [...files.keys()].sort()) {
    const bytes = files.get(name)!;
    parts.push(header(`${FOLDER}${name}`, bytes.length), bytes, new Uint8Array(paddingOf(bytes.length)));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  const compressed = gzipSync(concatBytes(parts), { level: 6 });
  // The byte that names the operating system.
  compressed[9] = 255;
  return new Uint8Array(compressed);
}

function header(path: string, size: number): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (text: string, at: number) => block.set(utf8(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  put(path, NAME.at);
  put(`${octal(0o644, 6)} \0`, 100);
  put(`${octal(0, 6)} \0`, 108);
  put(`${octal(0, 6)} \0`, 116);
  put(`${octal(size, 11)} `, SIZE.at);
  put(`${octal(MTIME_SECONDS, 11)} `, 136);
  put('0', TYPE_AT);
  put('ustar\u000000', 257);
  put(`${octal(checksumOf(block), 6)}\0 `, CHECKSUM.at);
  return block;
}

/**
 * The files in a package's tarball. Refuses links, folders, devices, paths that leave the package, names twice, and more
 * bytes than allowed: the stream is inflated up to that bound and no further.
 */
export async function decodeTarball(
  tarball: Uint8Array,
  maxBytes = DEFAULT_MAX_PACKAGE_BYTES,
): Promise<PackageFiles> {
  if (tarball.length > maxBytes) throw tooLarge(tarball.length, maxBytes);
  let tar: Uint8Array;
  try {
    tar = await inflate(tarball, { maxOutputLength: maxBytes + OVERHEAD_BYTES });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(maxBytes + OVERHEAD_BYTES + 1, maxBytes);
    }
    throw damaged('it is not gzip data', cause);
  }
  const files = new Map<PackageFileName, Uint8Array>();
  for (let at = 0; ; ) {
    const block = tar.subarray(at, at + BLOCK);
    if (block.length < BLOCK) throw damaged('it ends within a header');
    if (block.every((byte) => byte === 0)) break;
    const { name, size } = readHeader(block);
    if (files.has(name)) throw marketError('package_unsafe', `The tarball holds ${name} twice.`, { name });
    if (size > maxFileBytes(name, maxBytes)) throw tooLarge(size, maxBytes);
    const end = at + BLOCK + size;
    if (end > tar.length) throw damaged(`${name} is cut short`);
    // A copy, so that the whole tarball need not be kept. (A Buffer's `slice` would not copy.)
    files.set(name, new Uint8Array(tar.subarray(at + BLOCK, end)));
    at = end + paddingOf(size);
  }
  return files;
}

function readHeader(block: Uint8Array): { readonly name: PackageFileName; readonly size: number } {
  const stated = octalOf(block, CHECKSUM);
  if (stated !== checksumOf(block)) throw damaged('a header has another checksum');
  const prefix = textOf(block, PREFIX);
  const path = prefix === '' ? textOf(block, NAME) : `${prefix}/${textOf(block, NAME)}`;
  const type = String.fromCharCode(block[TYPE_AT]!);
  if (type !== '0' && type !== '\0') {
    const message = `The tarball's entry ${JSON.stringify(path.slice(0, 80))} has type "${type}": a link, folder or extension. A package holds plain files only.`;
    throw marketError('package_unsafe', message);
  }
  const name = path.startsWith(FOLDER) ? path.slice(FOLDER.length) : path;
  if (!path.startsWith(FOLDER) || name.includes('/') || name.includes('\\')) {
    const message = `The tarball's entry ${JSON.stringify(path.slice(0, 80))} lies outside ${FOLDER}.`;
    throw marketError('package_unsafe', message);
  }
  if (!isPackageFile(name)) {
    throw marketError('package_files_wrong', `${JSON.stringify(name.slice(0, 80))} is no file of a package.`);
  }
  return { name, size: octalOf(block, SIZE) };
}

function textOf(block: Uint8Array, { at, length }: { readonly at: number; readonly length: number }): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return new TextDecoder('latin1').decode(end < 0 ? field : field.subarray(0, end));
}

function octalOf(block: Uint8Array, field: { readonly at: number; readonly length: number }): number {
  const text = textOf(block, field).trim();
  if (!/^[0-7]{1,12}$/.test(text)) throw damaged('a header holds no octal number where one belongs');
  return Number.parseInt(text, 8);
}

/** The sum of a header's bytes, with the checksum's own as spaces. */
function checksumOf(block: Uint8Array): number {
  let sum = 0;
  block.forEach((byte, i) => {
    sum += i >= CHECKSUM.at && i < CHECKSUM.at + CHECKSUM.length ? 0x20 : byte;
  });
  return sum;
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function damaged(why: string, cause?: unknown) {
  return marketError('package_corrupt', `The tarball cannot be read: ${why}.`, {}, cause);
}
