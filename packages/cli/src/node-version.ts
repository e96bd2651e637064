/** Lowest supported major version of Node: it strips types, and has `Float16Array` and `node:sqlite`. */
export const MINIMUM_NODE_MAJOR = 24;

/** What to tell the user of a Node that is too old, or null where it will do. `version` as in `process.versions.node`. */
export function nodeVersionFault(version: string): string | null {
  const major = Number(version.split('.')[0]);
  if (major >= MINIMUM_NODE_MAJOR) return null;
  return (
    `Connito needs Node ${MINIMUM_NODE_MAJOR} or newer; this is Node ${version}. ` +
    'In the repository, `npm ci` brings the right one: start with `npm start` or `npm run connito -- --help`.'
  );
}
