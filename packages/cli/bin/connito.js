#!/usr/bin/env node
// Plain JavaScript, since a Node that is too old cannot even read the program's TypeScript.
const version = process.versions.node;
if (Number(version.split('.')[0]) < 24) {
  process.stderr.write(
    `error: Connito needs Node 24 or newer; this is Node ${version}. ` +
      'In the repository, `npm ci` brings the right one: start with `npm start` or `npm run connito -- --help`.\n',
  );
  process.exit(3);
}
await import('../src/main.ts');
