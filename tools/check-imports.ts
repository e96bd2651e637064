/**
 * Checks which way imports go: a package imports only packages that its `package.json` lists, other packages only through
 * their exports, and the layers of docs/develop/architecture.md only downwards. Exits with 1 and one line for each offence.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const PACKAGES = 'packages';
const SCOPE = '@connito/';

/** What each package may import of ours. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  engine: [],
  model: ['engine', 'protocol'],
  composition: ['engine', 'market', 'model', 'node', 'protocol'],
  node: ['protocol'],
  ledger: ['node', 'protocol'],
  store: ['node', 'protocol'],
  run: ['ledger', 'model', 'node', 'protocol', 'store'],
  miner: ['model', 'node', 'protocol', 'run'],
  validator: ['model', 'node', 'protocol', 'run'],
  market: ['ledger', 'model', 'node', 'protocol', 'run', 'store'],
  replay: ['ledger', 'node', 'protocol', 'run', 'store', 'validator'],
  lab: ['ledger', 'miner', 'model', 'node', 'protocol', 'replay', 'run', 'store', 'validator'],
  gateway: ['composition', 'market', 'model', 'node', 'protocol'],
  dashboard: ['ledger', 'node', 'protocol', 'run', 'store'],
  cli: [
    'composition',
    'dashboard',
    'gateway',
    'lab',
    'ledger',
    'market',
    'miner',
    'model',
    'node',
    'protocol',
    'replay',
    'run',
    'store',
    'validator',
  ],
};

/** What tests alone may import besides. */
const ALLOWED_IN_TESTS: Readonly<Record<string, readonly string[]>> = { dashboard: ['lab'] };

/** Packages that must also work in a browser: no module of Node's, whatever a test beside them uses. */
const BROWSER_SAFE: ReadonlySet<string> = new Set(['protocol']);

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s+['"]([^'"]+)['"]/g;

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sourcesBelow(path);
    return /\.tsx?$/.test(path) ? [path] : [];
  });
}

function offences(packageName: string): string[] {
  const root = join(PACKAGES, packageName);
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const listed = new Set(Object.keys(manifest.dependencies ?? {}));
  const allowed = ALLOWED[packageName];
  const inTests = ALLOWED_IN_TESTS[packageName] ?? [];
  if (allowed === undefined) return [`${root}: the package has no row in tools/check-imports.ts`];
  const found: string[] = [];
  for (const file of sourcesBelow(join(root, 'src'))) {
    const isTest = /\.test\.ts$|-contract\.ts$|\/testing\//.test(file);
    for (const match of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const specifier = (match[1] ?? match[2] ?? match[3])!;
      const fault = faultOf(specifier, {
        packageName,
        root,
        file,
        allowed: isTest ? [...allowed, ...inTests] : allowed,
        listed,
        isTest,
      });
      if (fault !== null) found.push(`${relative('.', file)}: "${specifier}" ${fault}`);
    }
  }
  return found;
}

function faultOf(
  specifier: string,
  at: {
    readonly packageName: string;
    readonly root: string;
    readonly file: string;
    readonly allowed: readonly string[];
    readonly listed: ReadonlySet<string>;
    readonly isTest: boolean;
  },
): string | null {
  if (specifier.startsWith('node:')) {
    return BROWSER_SAFE.has(at.packageName) && !at.isTest ? 'is not available in a browser' : null;
  }
  if (specifier.startsWith('.')) {
    const target = resolve(dirname(at.file), specifier);
    return target.startsWith(resolve(at.root)) ? null : 'leaves its package';
  }
  const parts = specifier.split('/');
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
  if (name === `${SCOPE}${at.packageName}`) return null;
  if (name.startsWith(SCOPE) && !at.allowed.includes(name.slice(SCOPE.length))) {
    return 'is against the direction of imports';
  }
  if (at.listed.has(name)) return null;
  // Tests and contract suites use the workspace's development tools.
  return at.isTest ? null : "is not in the package's dependencies";
}

const problems = readdirSync(PACKAGES).flatMap(offences);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
