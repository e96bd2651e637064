// Loads what a network's nodes load, and so fills the compile cache; see `compileNodes`.
import { enableCompileCache, flushCompileCache } from 'node:module';

enableCompileCache();
await Promise.all([
  import('../program.ts'),
  import('../commands/ledger/handler.ts'),
  import('../commands/store/handler.ts'),
  import('../commands/validator/handler.ts'),
  import('../commands/miner/handler.ts'),
]);
flushCompileCache();
